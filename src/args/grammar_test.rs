use super::*;
use crate::args;
use proptest::prelude::*;

fn definitions() -> Command {
    let flag = |name: &'static str| Arg::new(name).long(name).num_args(1);
    let serve = Command::new("serve")
        .arg(flag("extra-body").value_parser(args::json_object))
        .arg(flag("header").num_args(0..).action(ArgAction::Append))
        .arg(flag("goodput").num_args(1..).action(ArgAction::Append))
        .arg(flag("temperature").value_parser(args::float))
        .arg(flag("num-prompts").value_parser(args::int))
        .arg(flag("max-concurrency").value_parser(args::int))
        .arg(flag("max-model-len").value_parser(args::int))
        .arg(flag("sweep-max-concurrency").value_name("N,N"))
        .arg(flag("label").alias("lable"))
        .arg(flag("ignore-eos").num_args(0).action(ArgAction::SetTrue));
    let generate = Command::new("generate").arg(Arg::new("what"));
    let mut root = Command::new("llmbench").subcommands([serve, generate]);
    root.build();
    root
}

fn line(args: &[&str]) -> Result<Line, String> {
    let words = ["llmbench", "serve"].iter().chain(args).map(OsString::from);
    read(&definitions(), words).map_err(|error| {
        assert_eq!(error.exit_code(), 2);
        error.to_string().lines().next().unwrap_or_default().to_string()
    })
}

fn words(args: &[&str]) -> Vec<String> {
    match line(args) {
        Ok(Line::Run { words, .. }) => words.as_slice()[2..].to_vec(),
        other => panic!("{args:?}: {other:?}"),
    }
}

fn warnings(args: &[&str]) -> Vec<String> {
    match line(args) {
        Ok(Line::Run { warnings, .. }) => warnings,
        other => panic!("{args:?}: {other:?}"),
    }
}

#[test]
fn every_spelling_becomes_the_strict_one() {
    let table: [(&[&str], &[&str]); 22] = [
        (&["--label", "a"], &["--label=a"]),
        (&["--label=a_b.c=d"], &["--label=a_b.c=d"]),
        (&["--label="], &["--label="]),
        (&["--label", ""], &["--label="]),
        (&["--label", "-"], &["--label=-"]),
        (&["--label", "--x y"], &["--label=--x y"]),
        (&["--label=--x"], &["--label=--x"]),
        (&["--num_prompts", "3"], &["--num-prompts=3"]),
        (&["--max-c", "3"], &["--max-concurrency=3"]),
        (&["--lab", "a"], &["--label=a"]),
        (&["--temp", "-1"], &["--temperature=-1"]),
        (&["--temperature", "-inf"], &["--temperature=-inf"]),
        (&["--temperature", "-1e3"], &["--temperature=-1e3"]),
        (&["--ignore_eos"], &["--ignore-eos"]),
        (&["--header", "A=1", "B=2", "--label", "x"], &["--header=A=1", "--header=B=2", "--label=x"]),
        (&["--header", "A=1", "-5"], &["--header=A=1", "--header=-5"]),
        (&["--header"], &[]),
        (&["--header=A=1", "B=2"], &["--header=A=1", "B=2"]),
        (&["--unknown", "3", "--label", "x"], &["--label=x", "--unknown", "3"]),
        (&["--label", "x", "--", "--label", "y"], &["--label=x", "--", "--label", "y"]),
        (&["-x"], &["-x"]),
        (&["word", "--ignore-eos"], &["--ignore-eos", "word"]),
    ];
    for (args, strict) in table {
        assert_eq!(words(args), strict, "{args:?}");
    }
}

#[test]
fn of_a_repeated_flag_the_last_occurrence_counts_and_a_warning_names_it() {
    assert_eq!(words(&["--header", "A=1", "--header", "B=2"]), ["--header=B=2"]);
    assert_eq!(words(&["--header", "A=1", "--header"]), Vec::<String>::new());
    assert_eq!(words(&["--num-prompts=1", "--num_prompts=2"]), ["--num-prompts=2"]);
    assert_eq!(words(&["--ignore-eos", "--ignore-eos"]), ["--ignore-eos"]);
    let warning = "`--header` is given 2 times: only the last one counts";
    assert_eq!(warnings(&["--header", "A=1", "--header", "B=2"]), [warning]);
    assert_eq!(warnings(&["--header", "A=1", "B=2"]), Vec::<String>::new());
}

#[test]
fn dotted_keys_become_one_object_and_count_over_whole_values() {
    let nested = ["--extra-body.a.b", "1", "--extra_body.a.c=2k", "--extra-b.stop+", "x,y"];
    assert_eq!(words(&nested), [r#"--extra-body={"a":{"b":1,"c":2000},"stop":["x","y"]}"#]);
    assert_eq!(words(&["--extra-body.a_b=c=d"]), [r#"--extra-body={"a_b":"c=d"}"#]);
    assert_eq!(words(&["--extra-body.a", "-1"]), [r#"--extra-body={"a":-1}"#]);
    let both = ["--extra-body.b", "2", "--extra-body", r#"{"a":1}"#];
    assert_eq!(words(&both), [r#"--extra-body={"b":2}"#]);
    assert_eq!(warnings(&both), ["`--extra-body` is given whole and by dotted keys: only the dotted keys count"]);
    let twice = ["--extra-body.a", "1", "--extra-body.a", "2"];
    assert_eq!(warnings(&twice), ["`--extra-body.a` is given more than once: the last one counts"]);
}

#[test]
fn what_cannot_be_meant_is_a_usage_error() {
    let table: [(&[&str], &str); 9] = [
        (&["--max", "3"], "error: '--max' is ambiguous: it could be '--max-concurrency', '--max-model-len'"),
        (&["--label"], "error: a value is required for '--label <label>' but none was supplied"),
        (&["--label", "--ignore-eos"], "error: a value is required for '--label <label>' but none was supplied"),
        (&["--goodput"], "error: a value is required for '--goodput <goodput>...' but none was supplied"),
        (&["--ignore-eos=1"], "error: '--ignore-eos' takes no value, but got '1'"),
        (&["--label.x", "1"], "error: '--label' takes no dotted keys"),
        (&["--extra-body.a"], "error: a value is required for '--extra-body.a' but none was supplied"),
        (&["--extra-body..a", "1"], "error: a key of '--extra-body..a' is empty"),
        (&["--extra-body.a.+", "1"], "error: a key of '--extra-body.a.+' is empty"),
    ];
    for (args, message) in table {
        assert_eq!(line(args), Err(message.into()), "{args:?}");
    }
}

#[test]
fn help_is_asked_for_anywhere_and_may_name_a_topic() {
    let help = |topic: Option<&str>, given: &[&str]| {
        let words = ["llmbench", "serve"].iter().chain(given).map(|word| (*word).to_owned()).collect();
        Ok(Line::Help { path: vec!["serve".into()], topic: topic.map(String::from), words: Words::strict(words) })
    };
    assert_eq!(line(&["-h"]), help(Some(SHORT), &[]));
    assert_eq!(line(&["--label", "x", "--hel"]), help(None, &["--label=x"]));
    assert_eq!(line(&["--help=all"]), help(Some("all"), &[]));
    assert_eq!(line(&["--help", "--label", "x"]), help(None, &["--label=x"]), "what stands behind it counts too");
    assert_eq!(line(&["--help=Load", "--nonsense"]), help(Some("Load"), &["--nonsense"]));
}

#[test]
fn numbers_that_stand_apart_are_told_to_stand_together() {
    for words in
        [&["--sweep-max-concurrency", "1", "2", "4", "--label", "x"][..], &["--sweep-max-concurrency=1", "2", "4"]]
    {
        let words = ["llmbench", "serve"].iter().chain(words).map(OsString::from);
        let error = read(&definitions(), words).unwrap_err().to_string();
        assert!(error.contains("tip: write '--sweep-max-concurrency 1,2,4'"), "{error}");
    }
    assert!(line(&["--sweep-max-concurrency", "1,2", "--label", "4"]).is_ok());
}

#[test]
fn commands_of_the_reference_that_are_not_here_get_a_tip() {
    for (words, tip) in [(["bench", "throughput"], "serve"), (["bench", "latency"], "--max-concurrency 1")] {
        let words = ["x"].iter().chain(&words).map(OsString::from);
        let error = read(&definitions(), words).unwrap_err().to_string();
        assert!(error.contains("is no command here") && error.contains(tip), "{error}");
    }
}

#[test]
fn bench_before_the_subcommand_is_skipped() {
    let read = |args: &[&str]| read(&definitions(), args.iter().map(OsString::from)).map_err(|error| error.to_string());
    assert_eq!(read(&["x", "bench", "serve", "--label=a"]), read(&["x", "serve", "--label", "a"]));
}

fn word() -> impl Strategy<Value = String> {
    let names = "extra-body|header|goodput|temperature|num-prompts|max-concurrency|max|label|ignore-eos|help|x";
    prop_oneof![
        proptest::string::string_regex(&format!("--({names})([.=][a-z.=+]{{0,4}})?")).unwrap(),
        "-{0,3}[a-z0-9_=.]{0,6}",
        "\\PC{0,4}",
        Just("serve".to_string()),
    ]
}

/// A flag with its value, spelled with dashes and with a mixture.
fn flag() -> impl Strategy<Value = (String, String)> {
    let names = ["extra-body", "header", "num-prompts", "max-concurrency", "max-c", "ignore-eos"];
    let parts = (proptest::sample::select(names.to_vec()), "([.=][a-z_=.-]{0,6})?", any::<u32>());
    parts.prop_map(|(name, rest, mask)| {
        let swap = |(index, c): (usize, char)| if c == '-' && mask >> (index % 32) & 1 == 1 { '_' } else { c };
        let mixed: String = name.chars().enumerate().map(swap).collect();
        (format!("--{name}{rest}"), format!("--{mixed}{rest}"))
    })
}

proptest! {
    #[test]
    fn no_command_line_panics(args in proptest::collection::vec(word(), 0..8)) {
        let command = definitions();
        if let Ok(Line::Run { words, .. }) = read(&command, args.iter().map(OsString::from)) {
            let _ = command.try_get_matches_from(words.as_slice());
        }
    }

    #[test]
    fn underscores_and_dashes_in_a_flag_name_are_alike(flags in proptest::collection::vec(flag(), 0..6)) {
        let dashed: Vec<&str> = flags.iter().map(|(name, _)| name.as_str()).collect();
        let mixed: Vec<&str> = flags.iter().map(|(_, name)| name.as_str()).collect();
        prop_assert_eq!(line(&dashed), line(&mixed));
    }
}
