use super::*;
use clap::Parser;

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    server: ServerArgs,
}

fn resolve(flags: &[&str]) -> Result<Server, String> {
    let flags = Flags::try_parse_from(["x"].iter().chain(flags)).map_err(|error| error.to_string())?;
    flags.server.resolve().map_err(|error| format!("{error} / {}", error.advice().unwrap_or_default()))
}

fn url(flags: &[&str]) -> String {
    resolve(flags).unwrap().places[0].url.to_string()
}

#[test]
fn the_endpoint_follows_the_backend() {
    assert_eq!(url(&[]), "http://127.0.0.1:8000/v1/completions");
    assert_eq!(url(&["--backend=openai-chat"]), "http://127.0.0.1:8000/v1/chat/completions");
    assert_eq!(url(&["--backend=vllm", "--endpoint=/x/completions?v=1"]), "http://127.0.0.1:8000/x/completions?v=1");
    assert_eq!(url(&["--endpoint=v1/completions"]), "http://127.0.0.1:8000/v1/completions");
    let inner = "/to/http://x/v1/completions?u=http://y";
    assert_eq!(url(&[&format!("--endpoint={inner}")]), format!("http://127.0.0.1:8000{inner}"));
}

#[test]
fn base_and_endpoint_are_joined() {
    assert_eq!(url(&["--base-url=http://h:1/", "--host=other"]), "http://h:1/v1/completions");
    assert_eq!(url(&["--base-url=https://h/p"]), "https://h/p/v1/completions");
    assert_eq!(url(&["--host=::1", "--port=1_0"]), "http://[::1]:10/v1/completions");
    assert_eq!(url(&["--host=[::1]"]), "http://[::1]:8000/v1/completions");
}

#[test]
fn an_endpoint_that_the_backend_cannot_speak_is_refused() {
    let table: [(&[&str], &str); 4] = [
        (
            &["--backend=openai-chat", "--endpoint=/v1/completions"],
            "`--endpoint /v1/completions` does not fit `--backend openai-chat`, whose path ends with `/chat/completions` \
             / give `--backend openai`, or leave out `--endpoint`",
        ),
        (
            &["--endpoint=http://h/v1/completions?key=x"],
            "`--endpoint http://h/v1/completions?key=***` is a whole address / give it as `--base-url`, or only its path",
        ),
        (
            &["--endpoint=/v1/chat/completions"],
            "`--endpoint /v1/chat/completions` does not fit `--backend openai`, whose path ends with `/completions` \
             / give `--backend openai-chat`, or leave out `--endpoint`",
        ),
        (
            &["--endpoint=/v1/completions/"],
            "`--endpoint /v1/completions/` does not fit `--backend openai`, whose path ends with `/completions` \
             / leave out `--endpoint` for `/v1/completions`",
        ),
    ];
    for (flags, message) in table {
        assert_eq!(resolve(flags).unwrap_err(), message);
    }
}

#[test]
fn an_address_that_is_none_is_refused_by_flag_value_and_reason() {
    let table = [
        ("--base-url=local host", "`--base-url local host` is not a URL: it has no scheme"),
        ("--base-url=", "`--base-url ` is not a URL: it has no scheme"),
        ("--host=http://h", "`--host http://h` is not a host name"),
        ("--host=h:8000", "`--host h:8000` is neither a name nor an IPv6 address"),
        ("--host=a b", "`--host a b` is not a host name: it has a blank"),
        ("--port=0", "error: invalid value '0' for '--port <PORT>': not a port: 1 to 65535"),
        ("--request-timeout=0", "`--request-timeout 0`: not a time above 0"),
        ("--request-timeout=nan", "`--request-timeout NaN`: not a time above 0"),
        ("--max-event-bytes=0", "`--max-event-bytes 0` leaves no room for an event"),
    ];
    for (flag, message) in table {
        let error = resolve(&[flag]).unwrap_err();
        assert!(error.starts_with(message), "{flag}: {error}");
    }
}

#[test]
fn every_backend_speaks_at_its_own_endpoint_and_unknown_ones_are_refused() {
    for backend in Backend::all() {
        assert!(backend.speaks_at(backend.default_endpoint()), "{backend:?}");
        let server = resolve(&[&format!("--backend={}", backend.name())]).unwrap();
        assert_eq!((server.backend, server.places[0].url.path.as_str()), (backend, backend.default_endpoint()));
    }
    let error = resolve(&["--backend=tgi"]).unwrap_err();
    assert!(error.contains("possible values: vllm, openai, openai-chat, openai-responses"), "{error}");
}

#[test]
fn an_ending_is_enough_to_speak_at_a_path() {
    let table = [
        ("vllm-rerank", "/v1/rerank"),
        ("vllm-rerank", "/v2/rerank"),
        ("openai-audio", "/v1/audio/translations"),
        ("openai-embeddings-clip", "/embeddings"),
    ];
    for (backend, path) in table {
        resolve(&[&format!("--backend={backend}"), &format!("--endpoint={path}")]).unwrap();
    }
    let error = resolve(&["--backend=openai-audio", "--endpoint=/v1/responses"]).unwrap_err();
    let expected = "whose path ends with `/transcriptions` or `/translations` / give `--backend openai-responses`";
    assert!(error.contains(expected), "{error}");
}

#[test]
fn of_two_headers_of_one_name_the_later_counts() {
    let server = resolve(&["--header=A = 1=2 ", "--header=B=", "--header=a=3"]).unwrap();
    assert_eq!(server.headers, [("B".into(), Key::from("")), ("a".into(), Key::from("3"))]);
}

#[test]
fn a_malformed_header_is_refused_without_showing_it() {
    for item in ["Authorization: Bearer s3cret", "=s3cret", "A B=s3cret", "A=s3cret\r\nX: y"] {
        let error = resolve(&["--header", item]).unwrap_err();
        assert!(error.contains("`--header") && !error.contains("s3cret"), "{error}");
    }
}

#[test]
fn the_key_is_sent_and_never_printed() {
    let flags = Flags::try_parse_from(["x", "--api-key=s3cret", "--header=A=s3cret"]).unwrap();
    let server = flags.server.resolve().unwrap();
    assert_eq!(server.api_key.as_ref().unwrap().secret(), "s3cret");
    for printed in [format!("{:?}", flags.server), format!("{server:?}")] {
        assert!(printed.contains("***") && !printed.contains("s3cret"), "{printed}");
    }
    assert_eq!(resolve(&["--api-key="]).unwrap().api_key, None);
}

#[test]
fn what_servers_repeat_is_masked() {
    // A header of user:pa55word.
    let header = "--header=Authorization=Basic dXNlcjpwYTU1d29yZA==";
    let flags = ["--api-key=sk-s3cret", header, "--endpoint=/v1/completions?qu3ryword&api-key=qu3ryvalue"];
    let secrets = resolve(&flags).unwrap().secrets();
    let said = "sk-s3cret dXNlcjpwYTU1d29yZA== user:pa55word pa55word qu3ryword qu3ryvalue user";
    assert_eq!(secrets.mask(said.into()), "*** *** *** *** *** *** user");
}

#[test]
fn what_is_made_of_a_base_url_is_told() {
    assert_eq!(resolve(&["--base-url=http://h/v1"]).unwrap().warnings.len(), 1);
    assert_eq!(resolve(&["--base-url=http://h/"]).unwrap().warnings.len(), 0);
    assert_eq!(resolve(&["--base-url=http://h"]).unwrap().warnings.len(), 0);
}

#[test]
fn a_served_name_counts_only_beside_a_model() {
    let server = resolve(&["--served-model-name=s"]).unwrap();
    assert_eq!((server.served_model_name, server.warnings.len()), (None, 1));
    let server = resolve(&["--served-model-name=s", "--model=m"]).unwrap();
    assert_eq!((server.served_model_name.as_deref(), server.warnings.len()), (Some("s"), 0));
}

#[test]
fn no_limit_on_time_is_spelled_inf() {
    assert_eq!(resolve(&["--request-timeout=inf"]).unwrap().request_timeout, None);
    assert_eq!(resolve(&["--request-timeout=1e300"]).unwrap().request_timeout, None);
    assert_eq!(resolve(&["--request-timeout=0.5"]).unwrap().request_timeout, Some(Duration::from_millis(500)));
    assert_eq!(resolve(&[]).unwrap().request_timeout, Some(Duration::from_secs(6 * 3600)));
}
