//! Every flag of `vllm bench serve` is a flag of `serve`, with its default; and every flag of ours that it does not know is
//! there for a reason. The tables are held against `serve --help=all`.

use std::collections::BTreeMap;

use Unset::{Is, Nothing, Switch};

use crate::command::Llmbench;

/// What a flag is when it is not given.
#[derive(Debug, Clone, Copy)]
enum Unset {
    /// A switch, which is off.
    Switch,
    /// A flag with a value, which is not set, or set to what follows from other flags.
    Nothing,
    /// A flag with this value.
    Is(&'static str),
}

/// Server, model, tokenizer; load and phases; content; metrics and output.
const GENERAL: [(&str, Unset); 57] = [
    ("backend", Is("openai")),
    ("base-url", Nothing),
    ("host", Is("127.0.0.1")),
    ("port", Is("8000")),
    ("endpoint", Nothing),
    ("header", Nothing),
    ("insecure", Switch),
    ("model", Nothing),
    ("served-model-name", Nothing),
    ("tokenizer", Nothing),
    ("tokenizer-mode", Is("auto")),
    ("skip-tokenizer-init", Switch),
    ("request-rate", Is("inf")),
    ("burstiness", Is("1.0")),
    ("max-concurrency", Nothing),
    ("ramp-up-strategy", Nothing),
    ("ramp-up-start-rps", Nothing),
    ("ramp-up-end-rps", Nothing),
    ("self-timed", Switch),
    ("no-self-timed", Switch),
    ("probe-request-rate", Is("0.0")),
    ("num-warmups", Is("0")),
    ("ready-check-timeout-sec", Is("0")),
    ("profile", Switch),
    ("disable-tqdm", Switch),
    ("input-len", Nothing),
    ("output-len", Nothing),
    ("logprobs", Nothing),
    ("ignore-eos", Switch),
    ("use-beam-search", Switch),
    ("top-p", Nothing),
    ("top-k", Nothing),
    ("min-p", Nothing),
    ("temperature", Nothing),
    ("frequency-penalty", Nothing),
    ("presence-penalty", Nothing),
    ("repetition-penalty", Nothing),
    ("extra-body", Nothing),
    ("chat-template-kwargs", Nothing),
    ("lora-modules", Nothing),
    ("lora-assignment", Is("random")),
    ("request-id-prefix", Nothing),
    ("percentile-metrics", Nothing),
    ("metric-percentiles", Is("99")),
    ("goodput", Nothing),
    ("label", Nothing),
    ("metadata", Nothing),
    ("save-result", Switch),
    ("save-detailed", Switch),
    ("append-result", Switch),
    ("result-dir", Nothing),
    ("result-filename", Nothing),
    ("plot-timeline", Switch),
    ("timeline-itl-thresholds", Is("25,50")),
    ("plot-dataset-stats", Switch),
    ("config", Nothing),
    ("help", Switch),
];

/// Datasets.
const DATASETS: [(&str, Unset); 47] = [
    ("seed", Is("0")),
    ("num-prompts", Is("1000")),
    ("dataset-name", Is("random")),
    ("dataset-path", Nothing),
    ("trust-remote-code", Switch),
    ("no-stream", Switch),
    ("no-oversample", Switch),
    ("skip-chat-template", Switch),
    ("enable-multimodal-chat", Switch),
    ("disable-shuffle", Switch),
    ("custom-output-len", Is("256")),
    ("custom-ensure-client-side-data", Switch),
    ("spec-bench-output-len", Is("256")),
    ("spec-bench-category", Nothing),
    ("sharegpt-output-len", Nothing),
    ("timed-trace-chunk-hash-size", Is("16")),
    ("timed-trace-sec-multiplier", Is("1")),
    ("timed-trace-label-timestamp", Is("timestamp")),
    ("timed-trace-label-input-length", Is("input_length")),
    ("timed-trace-label-output-length", Is("output_length")),
    ("timed-trace-label-hash-ids", Is("hash_ids")),
    ("blazedit-min-distance", Is("0.0")),
    ("blazedit-max-distance", Is("1.0")),
    ("asr-max-audio-len-sec", Is("inf")),
    ("asr-min-audio-len-sec", Is("0.0")),
    ("random-input-len", Is("1024")),
    ("random-output-len", Is("128")),
    ("random-range-ratio", Is("0.0")),
    ("random-prefix-len", Is("0")),
    ("random-batch-size", Is("1")),
    ("no-reranker", Switch),
    ("random-mm-base-items-per-request", Is("1")),
    ("random-mm-num-mm-items-range-ratio", Is("0.0")),
    ("random-mm-limit-mm-per-prompt", Is(r#"{"image": 255, "video": 1}"#)),
    ("random-mm-bucket-config", Is("{(256, 256, 1): 0.5, (720, 1280, 1): 0.5, (720, 1280, 16): 0.0}")),
    ("hf-subset", Nothing),
    ("hf-split", Nothing),
    ("hf-name", Nothing),
    ("hf-output-len", Nothing),
    ("bfcl-categories", Nothing),
    ("prefix-repetition-prefix-len", Is("256")),
    ("prefix-repetition-suffix-len", Is("256")),
    ("prefix-repetition-num-prefixes", Is("10")),
    ("prefix-repetition-output-len", Is("128")),
    ("speed-bench-dataset-subset", Is("qualitative")),
    ("speed-bench-output-len", Is("4096")),
    ("speed-bench-category", Nothing),
];

/// What the reference's native client has beyond its Python one.
const NATIVE: [(&str, Unset); 29] = [
    ("max-model-len", Nothing),
    ("prompt-token-ids", Switch),
    ("random-cache-hit-fraction", Is("0")),
    ("random-cache-ratio", Is("0")),
    ("per-turn-input-len", Is("0")),
    ("multi-turn", Switch),
    ("multi-turn-num-turns", Is("3")),
    ("multi-turn-min-turns", Is("0")),
    ("multi-turn-max-turns", Is("0")),
    ("multi-turn-concurrency", Nothing),
    ("multi-turn-delay-ms", Is("0")),
    ("multi-turn-prefix-global-ratio", Is("0")),
    ("multi-turn-prefix-conversation-ratio", Is("0")),
    ("steady-state-threshold", Is("0.95")),
    ("steady-state-min-window", Nothing),
    ("no-steady-state", Switch),
    ("profile-batch-threshold", Nothing),
    ("profile-duration", Is("5")),
    ("sweep-max-concurrency", Nothing),
    ("sweep-request-rate", Nothing),
    ("sweep-num-prompts-factor", Nothing),
    ("sweep-summary-percentiles", Nothing),
    ("reset-prefix-cache", Switch),
    ("num-runs", Is("1")),
    ("compare", Nothing),
    ("dry-run", Switch),
    ("hf-text-column", Nothing),
    ("speed-bench-config", Nothing),
    ("speed-bench-max-input-len", Nothing),
];

/// Flags that the reference does not have, and why we do.
const OURS: [(&str, &str); 29] = [
    ("api-key", "servers want keys, and not everybody can set OPENAI_API_KEY"),
    ("request-timeout", "the reference's six hours are fixed"),
    ("max-event-bytes", "a server that never ends a line must not fill the memory"),
    ("connect-in-request", "whoever wants connecting measured can have it"),
    ("spread", "a name may stand for many servers"),
    ("local-address", "one address has some 28,000 ports for a server"),
    ("tls-ca", "servers of one's own, with certificates of one's own"),
    ("tls-cert", "servers that want to know the client"),
    ("tls-key", "servers that want to know the client"),
    ("sim", "a server to try things against"),
    ("duration", "runs that end by time"),
    ("max-failures", "a run that fails is to be seen by a script, and to end early"),
    ("workers", "threads of the client"),
    ("no-side-calls", "a server that should see the requests and nothing else"),
    ("report", "what matters is to stay on the screen"),
    ("output-json", "the result at exactly one place, or on stdout"),
    ("record", "any report can be made anew, also of a run that was killed"),
    ("overwrite", "no file of records is lost without a word"),
    ("color", "colour on stderr"),
    ("progress", "progress in logs, or none"),
    ("charts", "the reference's charts need a terminal and a package; here they can be had anywhere, or nowhere"),
    ("report-cached-tokens", "releases of the reference after the one that all else follows have it"),
    ("drop-field", "servers that refuse fields they do not know"),
    ("no-stream-response", "servers that do not stream"),
    ("sonnet-input-len", "a dataset of older releases"),
    ("sonnet-output-len", "a dataset of older releases"),
    ("sonnet-prefix-len", "a dataset of older releases"),
    ("txt-slices-input-len", "a dataset of older releases"),
    ("txt-slices-output-len", "a dataset of older releases"),
];

/// Flags that are 0 in the reference, which means what leaving them out means; so they have no value here until they are
/// given.
const ZERO_IS_UNSET: [&str; 5] = [
    "per-turn-input-len",
    "multi-turn-min-turns",
    "multi-turn-max-turns",
    "multi-turn-prefix-global-ratio",
    "multi-turn-prefix-conversation-ratio",
];

/// Values that a flag must take.
const CHOICES: [(&str, &[&str]); 5] = [
    (
        "backend",
        &[
            "vllm",
            "openai",
            "openai-chat",
            "openai-responses",
            "openai-audio",
            "openai-embeddings",
            "openai-embeddings-chat",
            "openai-embeddings-clip",
            "openai-embeddings-vlm2vec",
            "infinity-embeddings",
            "infinity-embeddings-clip",
            "vllm-pooling",
            "vllm-rerank",
        ],
    ),
    (
        "dataset-name",
        &[
            "sharegpt",
            "burstgpt",
            "random",
            "random-mm",
            "random-rerank",
            "hf",
            "custom",
            "custom_audio",
            "custom_image",
            "prefix_repetition",
            "spec_bench",
            "speed_bench",
            "timed_trace",
        ],
    ),
    ("ramp-up-strategy", &["linear", "exponential"]),
    ("lora-assignment", &["random", "round-robin"]),
    (
        "speed-bench-dataset-subset",
        &["qualitative", "throughput_1k", "throughput_2k", "throughput_8k", "throughput_16k", "throughput_32k"],
    ),
];

#[test]
fn help_beside_a_dataset_shows_its_flags_and_leaves_out_those_of_others() {
    let help = |words: &[&str]| {
        let run = Llmbench::new().args(["serve"]).args(words.iter().copied()).run();
        assert_eq!(run.status, Some(0), "{}", run.stderr);
        run.stdout
    };
    let before = help(&["--dataset-name", "sharegpt", "--help"]);
    assert_eq!(before, help(&["--help", "--dataset-name=sharegpt"]));
    let groups: Vec<&str> = before.lines().filter(|line| line.starts_with("Dataset")).collect();
    assert_eq!(groups, ["Dataset:", "Dataset: sharegpt:"]);
    assert!(before.contains("  --sharegpt-output-len ") && !before.contains("  --sonnet-output-len "), "{before}");
    assert!(before.contains("only those that `sharegpt` reads are shown; --help=all shows all of them"), "{before}");
    let plain = help(&["--help"]);
    assert_eq!(help(&["--dataset-name", "nonsense", "--help"]), plain, "help is given whatever else is wrong");
    assert_eq!(help(&["--dataset-name", "sharegpt", "--help=all"]), help(&["--help=all"]));
}

/// A flag as the help shows it.
#[derive(Debug)]
struct Shown {
    has_value: bool,
    /// The lines of its help.
    lines: Vec<String>,
}

impl Shown {
    /// What stands behind `[key: ` on a line of its own, without blanks.
    fn note(&self, key: &str) -> Option<String> {
        let start = self.lines.iter().position(|line| line.starts_with(&format!("[{key}: ")))?;
        let mut note = String::new();
        for line in &self.lines[start..] {
            note += line;
            if line.ends_with(']') {
                break;
            }
        }
        Some(note.trim_start_matches(&format!("[{key}: ")).trim_end_matches(']').replace(' ', ""))
    }

    /// The default that the first paragraph of the help ends with.
    fn told(&self) -> Option<String> {
        let paragraph: Vec<&str> = self.lines.iter().map(String::as_str).take_while(|line| !line.is_empty()).collect();
        let text = paragraph.join(" ");
        Some(text.rsplit_once("[default: ")?.1.strip_suffix(']')?.replace(' ', ""))
    }
}

/// The flags that the help shows, by name; aliases too.
fn shown() -> BTreeMap<String, Shown> {
    let help = Llmbench::new().args(["serve", "--help=all"]).run().stdout;
    let mut flags: BTreeMap<String, Shown> = BTreeMap::new();
    let mut name = String::new();
    for line in help.lines().take_while(|line| *line != "Examples:") {
        let head = line.strip_prefix("      --").or_else(|| line.strip_prefix("  -h, --"));
        if let Some(head) = head {
            name = head.split([' ', '[', '=']).next().unwrap().to_owned();
            let has_value = head.contains('<');
            flags.insert(name.clone(), Shown { has_value, lines: Vec::new() });
        } else if let Some(flag) = flags.get_mut(&name).filter(|_| line.starts_with("          ")) {
            flag.lines.push(line.trim().to_owned());
        }
    }
    let alias = |flag: &Shown| flag.note("aliases").or_else(|| flag.note("alias"));
    let aliases: Vec<String> = flags.values().filter_map(alias).collect();
    for alias in aliases.iter().flat_map(|list| list.split(',')) {
        flags.insert(alias.trim_start_matches('-').to_owned(), Shown { has_value: true, lines: Vec::new() });
    }
    flags
}

fn reference() -> impl Iterator<Item = (&'static str, Unset)> {
    GENERAL.into_iter().chain(DATASETS).chain(NATIVE)
}

/// Whether a flag that the help does not show is one all the same: a hidden alias.
fn is_taken(name: &str, shown: &BTreeMap<String, Shown>) -> bool {
    let is_cut = shown.keys().any(|known| known.starts_with(name));
    let flag = format!("--{name}");
    !is_cut && !Llmbench::new().args(["serve", &flag, "1", "--compare=x"]).run().stderr.contains("unexpected argument")
}

/// Whether two defaults are the same value.
fn alike(a: &str, b: &str) -> bool {
    let number = |text: &str| text.parse::<f64>().ok();
    // The help quotes a default of several values once more, and puts no blanks into it.
    let bare = |text: &str| text.replace(['"', '\\', ' '], "");
    bare(a) == bare(b) || number(a).is_some_and(|a| number(b) == Some(a))
}

#[test]
fn no_flag_of_the_reference_is_missing() {
    let shown = shown();
    let missing: Vec<_> = reference()
        .map(|(name, _)| name)
        .filter(|name| !shown.contains_key(*name) && !is_taken(name, &shown))
        .collect();
    assert!(missing.is_empty(), "{} flags are missing: {missing:#?}", missing.len());
}

#[test]
fn defaults_are_those_of_the_reference() {
    let shown = shown();
    let mut wrong = Vec::new();
    for (name, default) in reference() {
        let Some(flag) = shown.get(name).filter(|flag| !flag.lines.is_empty()) else { continue };
        // A default on a line of its own is clap's; one at the end of a text is told by the flag's help.
        let own = flag.note("default");
        let ours = own.clone().or_else(|| flag.told());
        let right = match (default, &ours) {
            (Switch, _) => own.is_none() && !flag.has_value,
            // A text says where the value comes from.
            (Nothing, _) => flag.has_value && own.as_ref().is_none_or(|_| name == "percentile-metrics"),
            (Is("0"), _) if ZERO_IS_UNSET.contains(&name) => flag.has_value && own.is_none(),
            (Is(value), Some(ours)) => flag.has_value && alike(ours, &value.replace(' ', "")),
            (Is(_), None) => false,
        };
        if !right {
            wrong.push(format!("--{name}: {default:?} in the reference, {ours:?} here"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_other_flag_is_there_for_a_reason() {
    let known =
        |name: &str| reference().any(|(other, _)| other == name) || OURS.iter().any(|(other, _)| *other == name);
    let shown = shown();
    let unknown: Vec<&String> = shown.keys().filter(|name| !known(name)).collect();
    assert!(unknown.is_empty(), "in no table: {unknown:#?}");
    let gone: Vec<_> = OURS.iter().filter(|(name, why)| !shown.contains_key(*name) || why.is_empty()).collect();
    assert!(gone.is_empty(), "in a table, and gone: {gone:#?}");
}

#[test]
fn every_value_of_the_reference_is_taken() {
    let shown = shown();
    let mut missing = Vec::new();
    for (name, values) in CHOICES {
        let text = shown.get(name).map(|flag| flag.lines.join(" ")).unwrap_or_default();
        let words: Vec<&str> = text.split([' ', ',', ':', ']', '[']).collect();
        missing.extend(values.iter().filter(|value| !words.contains(value)).map(|value| format!("--{name} {value}")));
    }
    assert!(missing.is_empty(), "{} values are missing: {missing:#?}", missing.len());
}
