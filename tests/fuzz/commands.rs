//! Files that a user names: a command of the program is run on each, to its end, without load.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use crate::{Target, files, folder};

/// Looks at the requests of a dataset and sends nothing; the file is written where `@` stands.
const DRY_RUN: &str = "serve --dry-run --tokenizer builtin --model m --temperature 0 --num-prompts 3 --random-input-len 8 --random-output-len 4";

/// A file that a command reads.
struct Reads {
    name: &'static str,
    /// The command, after those of a dry run where it is one of a dataset; the folder is written where `@` stands.
    line: &'static str,
    /// What the mutated file is called in the folder.
    file: &'static str,
    seeds: fn() -> Vec<Vec<u8>>,
    dictionary: &'static [&'static str],
    /// The other files of the folder.
    beside: fn() -> Vec<(&'static str, Vec<u8>)>,
}

const KEYS: &[&str] = &[
    "\"prompt\"",
    "\"conversations\"",
    "\"from\"",
    "\"value\"",
    "\"human\"",
    "\"gpt\"",
    "\"role\"",
    "\"content\"",
    "\"messages\"",
    "\"system\"",
    "\"user\"",
    "\"assistant\"",
    "\"output_tokens\"",
    "\"timestamp\"",
    "\"input_length\"",
    "\"output_length\"",
    "\"hash_ids\"",
    "\"turns\"",
    "\"category\"",
    "\"image\"",
    "\"tools\"",
    "version https://git-lfs.github.com/spec/v1\n",
    "<!DOCTYPE html>",
];
const COLUMNS: &[&str] = &[
    "Timestamp",
    "Model",
    "Request tokens",
    "Response tokens",
    "Session ID",
    "GPT-4",
    "ChatGPT",
    ";",
    ",,",
    "\"",
    "TIMESTAMP",
    "ContextTokens",
    "GeneratedTokens",
    "2023-11-16 18:17:03.9799600",
];
const TEMPLATE_WORDS: &[&str] = &[
    "{% for m in messages %}",
    "{% endfor %}",
    "{{ m.content }}",
    "{% generation %}",
    "{% endgeneration %}",
    "{%",
    "%}",
    "{{",
    "}}",
    "{#",
    "#}",
    "-%}",
    "{%-",
    "| tojson",
    "(indent=4)",
    "| trim",
    "loop.last",
    "namespace(a=1)",
    "raise_exception('x')",
    "strftime_now('%Y')",
    "range(9)",
    "{% set a = a ~ a %}",
    "{% macro f() %}",
    "{% endmacro %}",
    "{% if tools is defined %}",
    "{% endif %}",
    "[::-1]",
    ".items()",
    ".split('a')",
    "| length",
    "* 99999",
];
const RESULT_KEYS: &[&str] = &[
    "\"completed\"",
    "\"duration\"",
    "\"mean_ttft_ms\"",
    "\"p99_ttft_ms\"",
    "\"max_concurrency\"",
    "\"request_rate\"",
    "\"end\"",
    "\"chunks\"",
    "\"id\"",
    "\"setup\"",
];

/// A command that reads one file.
fn reads(name: &'static str, line: &'static str, file: &'static str, seeds: fn() -> Vec<Vec<u8>>) -> Reads {
    Reads { name, line, file, seeds, dictionary: KEYS, beside: Vec::new }
}

/// Commands that read a dataset's rows.
fn datasets() -> Vec<Reads> {
    vec![
        reads("custom", "--dataset-name custom --dataset-path @/f.jsonl", "f.jsonl", files::custom),
        reads(
            "custom-chat",
            "--backend openai-chat --dataset-name custom --dataset-path @/f.jsonl",
            "f.jsonl",
            files::custom,
        ),
        reads("sharegpt", "--dataset-name sharegpt --dataset-path @/f.json", "f.json", files::sharegpt),
        reads(
            "sharegpt-turns",
            "--backend openai-chat --multi-turn --multi-turn-min-turns 1 --dataset-name sharegpt --dataset-path @/f.json",
            "f.json",
            files::sharegpt,
        ),
        Reads {
            dictionary: COLUMNS,
            ..reads("burstgpt", "--dataset-name burstgpt --dataset-path @/f.csv", "f.csv", files::burstgpt)
        },
        reads("timed-trace", "--dataset-name timed_trace --dataset-path @/f.jsonl", "f.jsonl", files::traces),
        reads("spec-bench", "--dataset-name spec_bench --dataset-path @/f.jsonl", "f.jsonl", files::spec_bench),
        reads("sonnet", "--dataset-name sonnet --sonnet-input-len 300 --dataset-path @/f.txt", "f.txt", files::sonnet),
        reads("hf-lines", "--dataset-name hf --dataset-path @", "f.jsonl", files::custom),
        reads("hf-parquet", "--dataset-name hf --dataset-path @", "f.parquet", files::tables),
        reads(
            "hf-tools",
            "--backend openai-chat --dataset-name hf --hf-name gorilla-llm/Berkeley-Function-Calling-Leaderboard --dataset-path @",
            "BFCL_v3_simple.json",
            files::tools,
        ),
    ]
}

/// Commands that read other files.
fn others() -> Vec<Reads> {
    vec![
        Reads {
            beside: || vec![("f.jsonl", br#"{"prompt":"what is it?","image_files":["picture"]}"#.to_vec())],
            ..reads(
                "picture",
                "--backend openai-chat --dataset-name custom_image --custom-ensure-client-side-data --dataset-path @/f.jsonl",
                "picture",
                files::pictures,
            )
        },
        Reads {
            beside: || vec![("f.jsonl", br#"{"prompt":"what is it?","audio_files":["sound"]}"#.to_vec())],
            ..reads(
                "sound",
                "--backend openai-audio --dataset-name custom_audio --dataset-path @/f.jsonl",
                "sound",
                files::sounds,
            )
        },
        Reads {
            dictionary: TEMPLATE_WORDS,
            ..reads("body-of-words", "--backend openai-chat --chat-template-kwargs.@", "", files::kwargs)
        },
        reads("config", "--config @/f.yaml", "f.yaml", files::configs),
        reads("config-json", "--config @/f.json", "f.json", files::configs),
        Reads {
            dictionary: TEMPLATE_WORDS,
            beside: || {
                vec![
                    ("tokenizer.json", BUILTIN.to_vec()),
                    ("tokenizer_config.json", b"{\"chat_template\": \"x\"}".to_vec()),
                ]
            },
            ..reads("template", "--backend openai --tokenizer @", "chat_template.jinja", files::templates)
        },
        Reads {
            beside: || vec![("tokenizer.json", BUILTIN.to_vec())],
            ..reads("tokenizer-config", "--tokenizer @", "tokenizer_config.json", files::tokenizer_configs)
        },
        reads("tokenizer", "--tokenizer @", "tokenizer.json", files::tokenizers),
        reads("tekken", "--tokenizer @", "tekken.json", files::tekken),
        reads("tiktoken", "--tokenizer @", "qwen.tiktoken", files::ranks),
        reads("gguf", "--tokenizer @", "model.gguf", files::gguf),
        reads("sentencepiece", "--tokenizer @", "tokenizer.model", files::sentencepiece),
        Reads {
            dictionary: RESULT_KEYS,
            beside: results,
            ..reads("compare", "compare @/f.json @/run.json", "f.json", || parts(&[RESULT]))
        },
        Reads { dictionary: RESULT_KEYS, ..reads("report", "report @/f.jsonl", "f.jsonl", || parts(&[RECORDS])) },
    ]
}

const BUILTIN: &[u8] = include_bytes!("../../src/token/builtin.json");
const RESULT: &str = "run.json";
const RECORDS: &str = "run.jsonl";

pub(crate) fn targets() -> Vec<Target> {
    datasets().into_iter().chain(others()).map(target).collect()
}

fn target(reads: Reads) -> Target {
    let Reads { name, line, file, seeds, dictionary, beside } = reads;
    let folder = folder(name).join("files");
    let prepared = std::cell::OnceCell::new();
    let take = move |case: &[u8]| {
        prepared.get_or_init(|| {
            fs::create_dir_all(&folder).expect("a folder for the files");
            for (file, content) in beside() {
                fs::write(folder.join(file), content).expect("room for a file");
            }
        });
        let argument = if file.is_empty() { case.to_vec() } else { written(&folder, file, case) };
        run(line, &argument);
    };
    Target { name: name.to_owned(), seeds, dictionary, take: Box::new(move |case, _| take(case)) }
}

/// Writes the case to its file and gives the folder.
fn written(folder: &Path, file: &str, case: &[u8]) -> Vec<u8> {
    fs::write(folder.join(file), case).expect("room for the case");
    folder.as_os_str().as_encoded_bytes().to_vec()
}

/// Runs a command with `argument` where `@` stands.
fn run(line: &str, argument: &[u8]) {
    let of_a_dataset = line.starts_with("--");
    let before = if of_a_dataset { DRY_RUN } else { "" };
    let words = before.split_whitespace().chain(line.split_whitespace()).map(|word| match word.split_once('@') {
        // An argument of a command line holds no NUL.
        Some((left, right)) => {
            let bytes = [left.as_bytes(), argument, right.as_bytes()].concat();
            OsString::from_vec(bytes.into_iter().filter(|byte| *byte != 0).collect())
        }
        None => OsString::from(word),
    });
    let _ = llmbench::cmd::run(std::iter::once(OsString::from("llmbench")).chain(words));
}

/// The files of a run that is made for it.
fn parts(names: &[&str]) -> Vec<Vec<u8>> {
    let folder = made_run();
    names.iter().map(|name| fs::read(folder.join(name)).expect("a file of the run")).collect()
}

fn results() -> Vec<(&'static str, Vec<u8>)> {
    vec![(RESULT, parts(&[RESULT]).remove(0))]
}

/// Runs against a simulator of its own and keeps everything.
fn made_run() -> PathBuf {
    let folder = folder("run");
    fs::create_dir_all(&folder).expect("a folder for the run");
    for file in [RESULT, RECORDS] {
        let _ = fs::remove_file(folder.join(file));
    }
    let path = |file: &str| folder.join(file).display().to_string();
    let line = format!(
        "serve --sim=--ttft=2 --tokenizer builtin --temperature 0 --num-prompts 6 --random-input-len 8 --random-output-len 4 \
         --goodput ttft:100 --request-rate 200 --save-detailed --record {} --output-json {}",
        path(RECORDS),
        path(RESULT)
    );
    run(&line, b"");
    folder
}
