//! Chat templates of tokenizers that come from strangers: whatever they do, the program says so and ends.

use std::fs;

use serde_json::json;

use crate::command::{Llmbench, Outcome};

/// A dry run of one prompt through a template.
fn rendered(template: &str) -> Outcome {
    let bench = Llmbench::new();
    let tokenizer = json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
        "model": {"type": "WordLevel", "vocab": {"Hello": 0, "no": 1}, "unk_token": "no"}
    });
    let config = json!({"chat_template": template});
    let files = [("model/tokenizer.json", tokenizer.to_string()), ("model/tokenizer_config.json", config.to_string())];
    fs::create_dir_all(bench.dir().join("model")).unwrap();
    for (name, content) in files.into_iter().chain([("p.jsonl", json!({"prompt": "Hello"}).to_string())]) {
        fs::write(bench.dir().join(name), content).unwrap();
    }
    let dataset = ["--dataset-name", "custom", "--dataset-path", "p.jsonl", "--num-prompts", "1"];
    bench.args(["serve", "--model", "m", "--tokenizer", "model", "--dry-run"]).args(dataset).run()
}

#[test]
fn a_template_is_rendered() {
    let outcome = rendered("<{{ messages[0].content }}>");
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    assert!(outcome.stdout.contains("<Hello>"), "{}", outcome.stdout);
}

#[test]
fn a_template_that_cannot_be_rendered_is_refused_in_one_line() {
    let doubled = "{% set n = namespace(t='x') %}{% for i in range(60) %}{% set n.t = n.t ~ n.t %}{% endfor %}";
    let piled = format!("{{{{ {}1 }}}}", "-".repeat(50_000));
    let table = [
        (doubled.to_owned(), "takes more than 1 GiB of memory for one prompt"),
        ("{{ [0]|slice(100000000, 1)|list|length }}".to_owned(), ""),
        (format!("{{# {} #}}", "x".repeat(70_000)), "has more than 64 KiB"),
        ("{{ raise_exception('a\nllmbench: forged') }}".to_owned(), "a\\nllmbench: forged"),
        (piled, ""),
    ];
    for (template, words) in table {
        let outcome = rendered(&template);
        let start = &template[..template.len().min(60)];
        if words.is_empty() {
            assert!([Some(0), Some(2)].contains(&outcome.status), "{start}: {:?} {}", outcome.status, outcome.stderr);
            continue;
        }
        assert_eq!(outcome.status, Some(2), "{start}: {}", outcome.stderr);
        let line = outcome.stderr.lines().find(|line| line.starts_with("llmbench: ")).unwrap();
        assert!(line.contains(words), "{start}: {}", outcome.stderr);
    }
}
