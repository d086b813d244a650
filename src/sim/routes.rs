//! What lives where, and the answers that take no time: models, health, metrics, tokenizer, statistics and errors. What comes in
//! is a request's head and body; what goes out is a status and a body, or an order to generate.

use serde::Deserialize;

use super::config::{Config, Models};
use super::event::Dialect;
use super::request::{self, Head, Method, Order};
use super::stats::Stats;

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Generate(Dialect, Order),
    Answer(Answer),
    Stats,
    Metrics,
    Reset,
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

    fn text(body: String) -> Self {
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
pub(super) fn route(config: &Config, head: &Head, body: &[u8]) -> Route {
    let wanted = match head.path.as_str() {
        "/v1/chat/completions" | "/v1/completions" | "/tokenize" | "/detokenize" | "/sim/reset" => Method::Post,
        "/v1/models" | "/health" | "/ping" | "/version" | "/metrics" | "/sim/stats" => Method::Get,
        path => return Route::Answer(Answer::error(404, &format!("no such path: {path}"))),
    };
    if head.method != wanted {
        return Route::Answer(Answer::error(405, "method not allowed"));
    }
    Route::Answer(match head.path.as_str() {
        "/v1/chat/completions" => return generate(config, Dialect::Chat, body),
        "/v1/completions" => return generate(config, Dialect::Completions, body),
        "/sim/stats" => return Route::Stats,
        "/sim/reset" => return Route::Reset,
        "/metrics" => return Route::Metrics,
        "/tokenize" => tokenize(body),
        "/detokenize" => detokenize(body),
        "/v1/models" => models(config),
        "/version" => Answer::json(format!(r#"{{"version":"{}"}}"#, env!("CARGO_PKG_VERSION"))),
        _ => Answer::text(String::new()),
    })
}

fn generate(config: &Config, dialect: Dialect, body: &[u8]) -> Route {
    let order = match request::order(body) {
        Ok(order) => order,
        Err(message) => return Route::Answer(Answer::error(400, message)),
    };
    if !order.has_prompt {
        let field = if dialect == Dialect::Chat { "messages" } else { "prompt" };
        return Route::Answer(Answer::error(400, &format!("the body has no `{field}`")));
    }
    match order.model.as_deref() {
        Some(other) if config.models == Models::Strict && other != config.model => {
            Route::Answer(Answer::error(404, &format!("the model `{other}` does not exist")))
        }
        _ => Route::Generate(dialect, order),
    }
}

/// The longest context that the simulator claims to have.
const MAX_MODEL_LEN: u32 = 1_048_576;

fn models(config: &Config) -> Answer {
    let name = quoted(&config.model);
    Answer::json(format!(
        r#"{{"object":"list","data":[{{"id":{name},"object":"model","created":0,"owned_by":"llmbench","root":{name},"parent":null,"max_model_len":{MAX_MODEL_LEN}}}]}}"#
    ))
}

#[derive(Deserialize)]
struct Tokenize {
    #[serde(default)]
    prompt: String,
    #[serde(default)]
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    content: String,
}

#[derive(Deserialize)]
struct Detokenize {
    tokens: Vec<u32>,
}

/// A token of `/tokenize` is a byte of the text, its id the byte's value.
fn tokenize(body: &[u8]) -> Answer {
    let Ok(asked) = serde_json::from_slice::<Tokenize>(body) else {
        return Answer::error(400, "the body has neither a `prompt` nor `messages` with text");
    };
    let text = asked.messages.iter().fold(asked.prompt, |text, message| text + &message.content);
    let (count, tokens) = (text.len(), text.as_bytes());
    Answer::json(format!(
        r#"{{"count":{count},"max_model_len":{MAX_MODEL_LEN},"tokens":{tokens:?},"token_strs":null}}"#
    ))
}

/// The text whose bytes these ids are; an id above 255 counts by its lowest byte.
fn detokenize(body: &[u8]) -> Answer {
    let Ok(asked) = serde_json::from_slice::<Detokenize>(body) else {
        return Answer::error(400, "the body has no `tokens`");
    };
    let bytes: Vec<u8> = asked.tokens.iter().map(|id| id.to_le_bytes()[0]).collect();
    Answer::json(format!(r#"{{"prompt":{}}}"#, quoted(&String::from_utf8_lossy(&bytes))))
}

/// The counters that vLLM exports under the same names.
pub(super) fn metrics(config: &Config, stats: &Stats) -> Answer {
    let rows = [
        ("vllm:num_requests_running", "gauge", stats.running),
        ("vllm:num_requests_waiting", "gauge", stats.waiting),
        ("vllm:prompt_tokens_total", "counter", stats.prompt_tokens),
        ("vllm:generation_tokens_total", "counter", stats.tokens),
        ("vllm:request_success_total", "counter", stats.finished),
    ];
    let label = quoted(&config.model);
    let lines = rows.map(|(name, kind, value)| format!("# TYPE {name} {kind}\n{name}{{model_name={label}}} {value}\n"));
    Answer::text(lines.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(line: &str, body: &str) -> Route {
        let head = request::head(format!("{line} HTTP/1.1\r\n\r\n").as_bytes()).unwrap().unwrap();
        route(&Config { models: Models::Strict, ..Config::default() }, &head, body.as_bytes())
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
        let Route::Generate(Dialect::Chat, order) = route else { panic!("{route:?}") };
        assert_eq!(order.max_tokens, Some(3));
    }

    #[test]
    fn tokens_are_bytes() {
        let (_, json) = answer("POST /tokenize", r#"{"prompt":"né"}"#);
        assert_eq!((&json["count"], json["tokens"].to_string().as_str()), (&3.into(), "[110,195,169]"));
        let (_, json) = answer("POST /detokenize", r#"{"tokens":[110,195,169]}"#);
        assert_eq!(json["prompt"], "né");
    }

    #[test]
    fn models_and_metrics_name_the_model() {
        assert_eq!(answer("GET /v1/models", "").1["data"][0]["id"], "sim");
        let stats = Stats { tokens: 7, ..Stats::default() };
        let text = metrics(&Config::default(), &stats).body;
        assert!(text.contains("vllm:generation_tokens_total{model_name=\"sim\"} 7\n"), "{text}");
    }
}
