//! Words of other tools, and what means the same here: a flag that is none of ours comes in, a tip goes out.

/// Words of other load generators, without their dashes, and what to write instead.
const TABLE: [(&[&str], &str); 22] = [
    (&["parallel", "concurrency", "c", "vus", "u", "num-users", "connections"], "--max-concurrency"),
    (
        &["number", "n", "num-requests", "max-requests", "request-count", "requests", "num-request", "total-requests"],
        "--num-prompts",
    ),
    (&["rate", "qps", "rps", "r", "arrival-rate", "constant-rate"], "--request-rate"),
    (
        &["url", "target", "endpoint-url", "server-url", "api-base", "base"],
        "--base-url http://127.0.0.1:8000, with `--backend openai-chat` for .../v1/chat/completions",
    ),
    (&["api", "endpoint-type", "service-kind", "api-type", "protocol"], "--backend, such as `--backend openai-chat`"),
    (
        &["dataset", "data", "input-file", "prompt-file", "prompts", "prompt"],
        "--dataset-name, with `--dataset-path` for a file: `--dataset-name custom --dataset-path prompts.jsonl`",
    ),
    (
        &["max-tokens", "min-tokens", "osl", "output-tokens", "output-tokens-mean", "max-output-tokens"],
        "--output-len, or `--random-output-len` for prompts that are made",
    ),
    (
        &[
            "min-prompt-length",
            "max-prompt-length",
            "isl",
            "input-tokens",
            "prompt-tokens",
            "synthetic-input-tokens-mean",
        ],
        "--random-input-len, with `--random-range-ratio` for lengths that differ",
    ),
    (&["tokenizer-path"], "--tokenizer"),
    (&["extra-args", "extra-inputs", "extra-request-body", "payload"], "--extra-body"),
    (&["max-seconds", "z", "time", "test-duration", "benchmark-duration", "run-time"], "--duration"),
    (&["warmup", "warmup-num", "warmup-requests", "warmup-request-count"], "--num-warmups"),
    (&["html", "report", "report-html"], "--plot-timeline, or `llmbench report FILE --as timeline`"),
    (
        &["slo", "sla", "sla-params", "threshold", "thresholds", "fail-if"],
        "--goodput, such as `--goodput ttft:200 tpot:50`; limits that fail a run are not here yet",
    ),
    (&["stream", "streaming"], "nothing: answers are streamed; `--no-stream-response` asks for whole ones"),
    (&["timeout", "connect-timeout", "read-timeout", "total-timeout"], "--request-timeout"),
    (&["quiet", "q", "silent", "no-progress"], "--progress never"),
    (
        &["output", "o", "outputs-dir", "output-dir", "output-file", "output-path", "export"],
        "--output-json FILE, or `--save-result` for a generated name",
    ),
    (&["key", "token", "auth", "bearer"], "--api-key, or the variable OPENAI_API_KEY"),
    (&["headers", "h-header"], "--header NAME=VALUE"),
    (&["log-every-n-query", "interval"], "--progress always"),
    (&["random-seed"], "--seed"),
];

/// What to write in the place of a flag of another tool, if it is one.
pub(super) fn instead(word: &str) -> Option<&'static str> {
    let name = word.trim_start_matches('-').to_ascii_lowercase().replace('_', "-");
    TABLE.iter().find(|(words, _)| words.contains(&name.as_str())).map(|(_, ours)| *ours)
}

/// What to do in the place of a command that the reference has, and this program has not.
pub(super) fn command(name: &str) -> Option<&'static str> {
    match name {
        "throughput" => Some("'serve' measures how much a server does: an engine without one is not measured here"),
        "latency" => Some("'serve --max-concurrency 1' measures a server that has one request at a time"),
        "sweep" => Some("'serve --sweep-max-concurrency 1,2,4' and '--sweep-request-rate 1,2,4' make many runs of one"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn words_of_other_tools_have_their_flag() {
        let table = [
            ("--url", "--base-url"),
            ("--rate", "--request-rate"),
            ("--number", "--num-prompts"),
            ("--num_requests", "--num-prompts"),
            ("--isl", "--random-input-len"),
            ("--api", "--backend"),
            ("-n", "--num-prompts"),
            ("-c", "--max-concurrency"),
            ("--parallel", "--max-concurrency"),
            ("--max-seconds", "--duration"),
            ("--timeout", "--request-timeout"),
            ("--quiet", "--progress never"),
        ];
        for (word, ours) in table {
            assert!(instead(word).is_some_and(|tip| tip.starts_with(ours)), "{word}");
        }
        assert_eq!(instead("--nonsense"), None);
    }

    #[test]
    fn no_word_has_two_meanings() {
        let mut seen = HashSet::new();
        assert!(TABLE.iter().flat_map(|(words, _)| *words).all(|word| seen.insert(word)));
    }
}
