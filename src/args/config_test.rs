use proptest::prelude::*;

use super::*;
use crate::args::{self, Words};

fn serve() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).num_args(1);
    Command::new("serve")
        .arg(flag("extra-body").value_parser(args::json_object))
        .arg(flag("header").num_args(0..).action(ArgAction::Append))
        .arg(flag("sim").num_args(0..=1))
        .arg(flag("percentile-metrics"))
        .arg(flag("num-prompts").alias("number").value_parser(args::int))
        .arg(flag("label"))
        .arg(flag("config"))
        .arg(flag("ignore-eos").num_args(0).action(ArgAction::SetTrue))
}

fn given(content: &str) -> Result<Vec<String>, String> {
    let flags = flags(&serve(), content).map_err(|error| {
        assert!(error.advice().is_some(), "{error}");
        error.to_string()
    })?;
    Ok(flags.into_iter().flat_map(|flag| flag.words).collect())
}

#[test]
fn every_kind_of_flag_has_its_form() {
    let table: [(&str, &[&str]); 18] = [
        ("", &[]),
        ("# nothing\n", &[]),
        ("num_prompts: 1_000", &["--num-prompts=1_000"]),
        ("number: 5\nlabel: 1.10", &["--num-prompts=5", "--label=1.10"]),
        ("label: \"true\"", &["--label=true"]),
        ("label: true", &["--label=true"]),
        ("label: -x", &["--label=-x"]),
        ("label: -.INF", &["--label=-INF"]),
        ("percentile-metrics: [1, .inf, '.inf']", &["--percentile-metrics=1,inf,.inf"]),
        ("label: ~\nignore-eos: false\nnum-prompts:", &[]),
        ("ignore_eos: true", &["--ignore-eos"]),
        ("sim: true", &["--sim"]),
        ("sim: --ttft 5", &["--sim=--ttft 5"]),
        ("header: [A=1, 'B=2']", &["--header=A=1", "--header=B=2"]),
        ("header: A=1", &["--header=A=1"]),
        ("percentile-metrics:\n- ttft\n- e2el", &["--percentile-metrics=ttft,e2el"]),
        (
            "extra-body:\n  a: {b: 1, c: '1'}\n  d: [x, null, 0.5, yes, true]",
            &[r#"--extra-body={"a":{"b":1,"c":"1"},"d":["x",null,0.5,"yes",true]}"#],
        ),
        (r#"extra_body: '{"a": 1}'"#, &[r#"--extra-body={"a": 1}"#]),
    ];
    for (content, words) in table {
        assert_eq!(given(content).unwrap(), words, "{content}");
    }
}

#[test]
fn what_cannot_be_is_refused_by_line_and_key() {
    let table = [
        ("label: a\nnum-promts: 3", "line 2: unknown key `num-promts`"),
        ("config: b.yaml", "line 1: unknown key `config`"),
        ("num-prompts: 3\n\nnum_prompts: 4", "line 3: `num_prompts` is given in line 1 too"),
        ("ignore-eos: 3", "line 1: `ignore-eos`: give true or false"),
        ("label: {a: 1}", "line 1: `label`: a value must not be a list or a mapping here"),
        ("header: [[a]]", "line 1: `header`: a value must not be a list or a mapping here"),
        ("extra-body: {a: .inf}", "line 1: `extra-body`: JSON has no `inf`"),
        ("- label", "line 1: not a mapping"),
        ("label: a\n---\nlabel: b", "line 3: a second document"),
        ("? [a]\n: b", "line 1: a key is not a text"),
    ];
    for (content, message) in table {
        assert_eq!(given(content), Err(message.into()), "{content}");
    }
    assert!(given("label: a\n  b: c").unwrap_err().starts_with("line 2: "));
    assert!(given("label: a\nlabel: b").unwrap_err().starts_with("line 2: "));
    let advice = |key: &str| unknown(&serve(), 1, key).advice().unwrap().to_owned();
    assert_eq!(advice("num_promts"), "did you mean `num-prompts`?");
    assert!(!advice("xyz").contains("did you mean"));
}

#[test]
fn the_command_line_wins_flag_by_flag() {
    let path = std::env::temp_dir().join(format!("llmbench-config-{}.yaml", std::process::id()));
    std::fs::write(&path, "header: [A=1]\nlabel: file\nignore_eos: true\nnum-prompts: 3\n").unwrap();
    let root = Command::new("llmbench").subcommand(serve());
    let config = format!("--config={}", path.display());
    let line = ["llmbench", "serve", "--label=line", &config, "--header=B=1", "--header=C=1"].map(String::from);
    let line = Words::strict(line.to_vec());
    let read = line.config(&root).unwrap().unwrap();
    let expected = [
        "llmbench",
        "serve",
        "--ignore-eos",
        "--num-prompts=3",
        "--label=line",
        &config,
        "--header=B=1",
        "--header=C=1",
    ];
    assert_eq!(line.clone().under(&read).as_slice(), expected);
    let error = serve().no_binary_name(true).try_get_matches_from(["--num-prompts=x"]).unwrap_err();
    let blamed = read.blame(&error).unwrap().to_string();
    assert!(
        blamed.ends_with("line 4: invalid value 'x' for '--num-prompts <num-prompts>': not a whole number"),
        "{blamed}"
    );
    std::fs::remove_file(&path).unwrap();
    let error = line.config(&root).unwrap_err().to_string();
    assert!(error.starts_with("cannot read config `") && error.contains("No such file"), "{error}");
    assert!(Words::strict(vec!["llmbench".into(), "--color=never".into()]).config(&root).unwrap().is_none());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_file_panics(content in "[a-z\\-:_{}\\[\\]&*!|>'\"#,?% \\n0-9]{0,40}") {
        let _ = flags(&serve(), &content);
    }
}
