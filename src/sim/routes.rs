//! What lives where, and the answers that take no time: models, health, tokenizer and errors. What comes in is a request's head
//! and body; what goes out is a status and a body, an order for output, or a wish that the server itself fulfils.

use serde::Deserialize;

use super::config::{Config, Models};
use super::endpoint::Endpoint;
use super::form;
use super::order::{self, MAX_MODEL_LEN, Order};
use super::prompt::{Blocks, Meter, Part, for_each_part};
use super::request::{Head, Method};
use super::tokens::Tokens;
use super::walk::for_each_field;

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Generate(Endpoint, Order),
    Answer(Answer),
    Wish(Wish),
}

/// What only the server itself can answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    Stats,
    Metrics,
    /// Begin the account anew.
    Reset,
    StartProfile,
    StopProfile,
    ResetPrefixCache,
}

/// An answer that takes no time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) kind: &'static str,
    pub(super) body: String,
}

const JSON: &str = "application/json";

impl Answer {
    pub(super) fn json(body: String) -> Self {
        Answer { status: 200, kind: JSON, body }
    }

    pub(super) fn text(body: String) -> Self {
        Answer { status: 200, kind: "text/plain; version=0.0.4; charset=utf-8", body }
    }

    /// An error as vLLM words it.
    pub(super) fn error(status: u16, message: &str) -> Self {
        let kind = match status {
            400 | 411 => "BadRequestError",
            404 => "NotFoundError",
            405 => "MethodNotAllowedError",
            429 => "RateLimitError",
            503 => "ServiceUnavailableError",
            _ => "InternalServerError",
        };
        let message = quoted(message);
        let body = format!(r#"{{"error":{{"message":{message},"type":"{kind}","param":null,"code":{status}}}}}"#);
        Answer { status, kind: JSON, body }
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Finds what a request is for.
pub(super) fn route(config: &Config, tokens: &mut Tokens, head: &Head, body: &[u8]) -> Route {
    let path = head.path.as_str();
    let endpoint = Endpoint::of(path);
    let wanted = match path {
        _ if endpoint.is_some() => Method::Post,
        "/tokenize" | "/detokenize" | "/sim/reset" | "/start_profile" | "/stop_profile" | "/reset_prefix_cache" => {
            Method::Post
        }
        "/v1/models" | "/health" | "/ping" | "/version" | "/metrics" | "/sim/stats" => Method::Get,
        path => return Route::Answer(Answer::error(404, &format!("no such path: {path}"))),
    };
    if head.method != wanted {
        return Route::Answer(Answer::error(405, "method not allowed"));
    }
    if let Some(endpoint) = endpoint {
        return generate(config, tokens, endpoint, head, body);
    }
    Route::Answer(match path {
        "/sim/stats" => return Route::Wish(Wish::Stats),
        "/sim/reset" => return Route::Wish(Wish::Reset),
        "/metrics" => return Route::Wish(Wish::Metrics),
        "/start_profile" => return Route::Wish(Wish::StartProfile),
        "/stop_profile" => return Route::Wish(Wish::StopProfile),
        "/reset_prefix_cache" => return Route::Wish(Wish::ResetPrefixCache),
        "/tokenize" => tokenize(tokens, body),
        "/detokenize" => detokenize(tokens, body),
        "/v1/models" => models(config),
        "/version" => Answer::json(format!(r#"{{"version":"{}"}}"#, env!("CARGO_PKG_VERSION"))),
        _ => Answer::text(String::new()),
    })
}

fn generate(config: &Config, tokens: &mut Tokens, endpoint: Endpoint, head: &Head, body: &[u8]) -> Route {
    let blocks = if config.engine.prefix_blocks.is_some() { Blocks::Wanted } else { Blocks::Unwanted };
    let order = if endpoint.hears() {
        let boundary = head.boundary.as_deref().ok_or_else(|| "the body is no form".to_owned());
        boundary.and_then(|boundary| Ok(form::fields(body, boundary)?)).and_then(|fields| order::form(&fields))
    } else {
        order::order(endpoint, body, Meter::new(tokens, blocks))
    };
    let order = match order {
        Ok(order) => order,
        Err(message) => return Route::Answer(Answer::error(400, &message)),
    };
    match order.model.as_deref() {
        Some(other) if config.models == Models::Strict && !serves(config, other) => {
            Route::Answer(Answer::error(404, &format!("the model `{other}` does not exist")))
        }
        _ => Route::Generate(endpoint, order),
    }
}

fn serves(config: &Config, model: &str) -> bool {
    model == config.model || config.engine.adapters.iter().any(|adapter| adapter == model)
}

fn models(config: &Config) -> Answer {
    let name = quoted(&config.model);
    let mut list = format!(
        r#"{{"id":{name},"object":"model","created":0,"owned_by":"llmbench","root":{name},"parent":null,"max_model_len":{MAX_MODEL_LEN}}}"#
    );
    for adapter in &config.engine.adapters {
        let adapter = quoted(adapter);
        list += &format!(
            r#",{{"id":{adapter},"object":"model","created":0,"owned_by":"llmbench","root":{adapter},"parent":{name}}}"#
        );
    }
    Answer::json(format!(r#"{{"object":"list","data":[{list}]}}"#))
}

#[derive(Deserialize)]
struct Detokenize {
    tokens: Vec<u32>,
}

/// The tokens of a text, or of all texts in messages, as `usage` counts them.
fn tokenize(tokens: &Tokens, body: &[u8]) -> Answer {
    let mut asked = None;
    let walked = for_each_field(body, |key, value| {
        match (key, value.first()) {
            (b"prompt", Some(b'"')) | (b"messages", Some(b'[')) => asked = Some(value),
            _ => {}
        }
        Ok(())
    });
    let (Ok(()), Some(asked)) = (walked, asked) else {
        return Answer::error(400, "the body has neither a text at `prompt` nor a list at `messages`");
    };
    let mut ids = Vec::new();
    for_each_part(asked, &mut |part| {
        if let Part::Text(text) = part {
            ids.extend(tokens.encode(&text));
        }
    });
    let count = ids.len();
    Answer::json(format!(r#"{{"count":{count},"max_model_len":{MAX_MODEL_LEN},"tokens":{ids:?},"token_strs":null}}"#))
}

/// The text of these ids.
fn detokenize(tokens: &Tokens, body: &[u8]) -> Answer {
    let Ok(asked) = serde_json::from_slice::<Detokenize>(body) else {
        return Answer::error(400, "the body has no `tokens`");
    };
    Answer::json(format!(r#"{{"prompt":{}}}"#, quoted(&tokens.decode(&asked.tokens))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::config::Engine;
    use crate::sim::request;

    fn asked(line: &str, body: &str) -> Route {
        let head = request::head(format!("{line} HTTP/1.1\r\n\r\n").as_bytes()).unwrap().unwrap();
        route(&Config { models: Models::Strict, ..Config::default() }, &mut Tokens::shared(), &head, body.as_bytes())
    }

    fn answer(line: &str, body: &str) -> (u16, serde_json::Value) {
        let Route::Answer(answer) = asked(line, body) else { panic!("not answered at once: {line}") };
        (answer.status, serde_json::from_str(&answer.body).unwrap_or_default())
    }

    #[test]
    fn a_bad_request_gets_its_status_and_a_reason() {
        let table = [
            ("GET /nope", "", 404),
            ("GET /v1/completions", "", 405),
            ("POST /health", "", 405),
            ("POST /v1/completions", "{", 400),
            ("POST /v1/completions", "{}", 400),
            ("POST /v1/completions", r#"{"prompt":"a","model":"other"}"#, 404),
            ("POST /tokenize", "{\"prompt\":1}", 400),
        ];
        for (line, body, status) in table {
            let (got, json) = answer(line, body);
            assert_eq!(got, status, "{line} {body}");
            assert_eq!(json["error"]["code"], status);
        }
    }

    #[test]
    fn a_good_request_becomes_an_order() {
        let route = asked("POST /v1/chat/completions", r#"{"messages":[],"model":"sim","max_tokens":3}"#);
        let Route::Generate(Endpoint::Chat, order) = route else { panic!("{route:?}") };
        assert_eq!(order.max_tokens, Some(3));
    }

    #[test]
    fn prompts_are_tokenized_as_they_are_counted() {
        for (path, key, value, texts) in [
            ("/v1/completions", "prompt", r#""n\u00e9\n🦀 and more""#, "né\n🦀 and more"),
            ("/v1/completions", "prompt", r#""""#, ""),
            ("/v1/chat/completions", "messages", r#"[{"role":"user","content":"a\nb"}]"#, "usera\nb"),
        ] {
            let body = format!("{{\"{key}\":{value}}}");
            let Route::Generate(_, order) = asked(&format!("POST {path}"), &body) else { panic!("{body}") };
            let (_, json) = answer("POST /tokenize", &body);
            assert_eq!(json["count"], order.prompt_tokens, "{body}");
            assert_eq!(json["tokens"].as_array().unwrap().len(), order.prompt_tokens as usize, "{body}");
            assert_eq!(answer("POST /detokenize", &json.to_string()).1["prompt"], texts);
        }
    }

    #[test]
    fn models_are_listed_and_adapters_under_them() {
        let engine = Engine { adapters: vec!["ada".to_owned()], ..Engine::default() };
        let list: serde_json::Value =
            serde_json::from_str(&models(&Config { engine, ..Config::default() }).body).unwrap();
        assert_eq!((&list["data"][0]["id"], &list["data"][1]["id"]), (&"sim".into(), &"ada".into()));
        assert_eq!(list["data"][1]["parent"], "sim");
    }

    #[test]
    fn every_endpoint_has_its_path_and_says_what_it_misses() {
        let table = [
            ("/v1/responses", r#"{"input":"a"}"#),
            ("/v1/embeddings", r#"{"input":["a","b"]}"#),
            ("/embeddings", r#"{"messages":[]}"#),
            ("/pooling", r#"{"data":{"image":"x"}}"#),
            ("/v2/rerank", r#"{"query":"a","documents":["b"]}"#),
            ("/score", r#"{"text_1":"a","text_2":"b"}"#),
        ];
        for (path, body) in table {
            let route = asked(&format!("POST {path}"), body);
            assert!(matches!(route, Route::Generate(..)), "{path}: {route:?}");
            assert_eq!(answer(&format!("POST {path}"), "{}").0, 400, "{path}");
        }
        let (status, json) = answer("POST /rerank", r#"{"query":"a"}"#);
        assert_eq!((status, &json["error"]["message"]), (400, &"the body has no `documents`".into()));
        assert_eq!(answer("POST /v1/audio/translations", "{}").0, 400);
        assert_eq!(asked("POST /start_profile", ""), Route::Wish(Wish::StartProfile));
    }
}
