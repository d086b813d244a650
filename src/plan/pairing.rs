//! Which dataset goes with which backend: what one needs and what the other carries come in; what cannot be sent is refused,
//! what looks unintended is told.

use crate::backend::Backend;
use crate::dataset::{Dataset, Placement, Shape, TEMPLATED_TWICE};
use crate::error::{Error, Result};
use crate::record::Task;

/// Checks that `backend` sends all that `dataset` needs, in conversations where there is a `shape` of them; gives what to warn
/// of.
///
/// # Errors
///
/// Where it has no place for some of that, cannot carry on conversations, or the dataset makes none of this shape.
pub fn pair(dataset: &Dataset, backend: Backend, shape: Option<&Shape>) -> Result<Vec<String>> {
    let (needs, carries, name) = (dataset.needs, backend.carries(), backend.name());
    check_ids(dataset, backend)?;
    check_media(dataset, backend)?;
    let mut warnings: Vec<String> = moved_sound(dataset, backend).into_iter().collect();
    shape.map_or(Ok(()), |shape| converse(dataset, backend, shape))?;
    // What is said in conversations goes into no template.
    let templated = needs.templated && shape.is_none();
    if carries.untemplated && templated && !(needs.yields_template && carries.messages) {
        warnings.push(TEMPLATED_TWICE.to_owned());
    }
    if needs.batches && backend.task() == Task::Generation {
        warnings.push(format!("a request holds several prompts and asks for no output, which `{name}` has no use for"));
    }
    Ok(warnings)
}

/// Checks that `backend` can carry on conversations, and `dataset` makes some of this shape.
fn converse(dataset: &Dataset, backend: Backend, shape: &Shape) -> Result<()> {
    if !backend.carries().messages {
        return Err(Error::new(format!("`--multi-turn` does not go with backend `{}`", backend.name()))
            .hint("give `--backend openai-chat`: conversations are made of messages"));
    }
    dataset.check_conversations(shape)
}

/// Token ids have a place, and those that are to be answered one where they are.
fn check_ids(dataset: &Dataset, backend: Backend) -> Result<()> {
    let needs = dataset.needs;
    let takes = |backend: Backend| backend.carries().token_ids && !(needs.answers && backend.task() == Task::Pooling);
    if !needs.token_ids || takes(backend) {
        return Ok(());
    }
    let names: Vec<&str> = Backend::all().filter(|&backend| takes(backend)).map(Backend::name).collect();
    let way_out = if needs.answers {
        format!("which `{}` needs", dataset.name)
    } else {
        "or leave out `--prompt-token-ids`".to_owned()
    };
    Err(Error::new(format!("backend `{}` takes no token ids", backend.name()))
        .hint(format!("use `--backend {}`, {way_out}", one_of(&names))))
}

/// The names as in "`a`, `b` or `c`", without the first and the last mark.
fn one_of(names: &[&str]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("{}` or `{last}", before.join("`, `")),
        _ => names.concat(),
    }
}

/// Pictures, sound and functions have a place.
fn check_media(dataset: &Dataset, backend: Backend) -> Result<()> {
    let (needs, carries) = (dataset.needs, backend.carries());
    let chat = "use `--backend openai-chat`";
    let table = [
        (needs.pictures && !carries.pictures, "pictures", chat),
        (needs.tools && !carries.messages, "functions to call", chat),
        (
            needs.sound && carries.sound.is_none(),
            "sound",
            "use `--backend openai-audio` to transcribe it, or `--backend openai-chat` to chat about it",
        ),
    ];
    match table.into_iter().find(|(missing, ..)| *missing) {
        None => Ok(()),
        Some((_, what, hint)) => {
            let (dataset, backend) = (&dataset.name, backend.name());
            Err(Error::new(format!("dataset `{dataset}` has {what}, which backend `{backend}` does not send"))
                .hint(hint))
        }
    }
}

/// What to tell where sound does not go where the user wants it.
fn moved_sound(dataset: &Dataset, backend: Backend) -> Option<String> {
    match (dataset.needs.sound_place?, backend.carries().sound?) {
        (Placement::Beside, Placement::Within) => Some(format!(
            "sound goes into the messages, as with `--enable-multimodal-chat`: `{}` takes it nowhere else",
            backend.name()
        )),
        (Placement::Within, Placement::Beside) => {
            Some("`--enable-multimodal-chat` has no effect: `openai-audio` uploads sound, without a chat".into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::dataset::DatasetArgs;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        dataset: DatasetArgs,
    }

    fn paired(line: &str, backend: &str) -> Result<Vec<String>> {
        let words = std::iter::once("x").chain(line.split_whitespace());
        pair(&Cli::try_parse_from(words).unwrap().dataset.resolve().unwrap(), Backend::named(backend).unwrap(), None)
    }

    #[test]
    fn token_ids_go_where_they_are_taken() {
        let trace = "--dataset-name timed_trace --dataset-path a";
        for backend in Backend::all() {
            let completes = ["vllm", "openai"].contains(&backend.name());
            assert_eq!(paired(trace, backend.name()).is_ok(), completes, "{backend:?}");
            let pools = ["openai-embeddings", "vllm-pooling"].contains(&backend.name());
            assert_eq!(paired("--prompt-token-ids", backend.name()).is_ok(), completes || pools, "{backend:?}");
            assert!(paired("", backend.name()).is_ok(), "{backend:?}");
        }
    }

    #[test]
    fn those_that_take_token_ids_are_named() {
        let hint = |line: &str| paired(line, "openai-chat").unwrap_err().advice().unwrap().to_owned();
        let trace = "--dataset-name timed_trace --dataset-path a";
        assert_eq!(hint(trace), "use `--backend vllm` or `openai`, which `timed_trace` needs");
        let all =
            "use `--backend vllm`, `openai`, `openai-embeddings` or `vllm-pooling`, or leave out `--prompt-token-ids`";
        assert_eq!(hint("--prompt-token-ids"), all);
    }

    #[test]
    fn what_is_templated_twice_is_told() {
        let table = [
            // Only its rows say whether it is.
            ("--dataset-name custom --dataset-path a.jsonl", 0),
            ("--dataset-name spec_bench --dataset-path a --skip-chat-template", 0),
            ("--dataset-name spec_bench --dataset-path a", 1),
            ("--dataset-name sonnet", 0),
            ("", 0),
        ];
        for (line, warnings) in table {
            assert_eq!(paired(line, "openai-chat").unwrap().len(), warnings, "{line}");
            assert!(paired(line, "vllm").unwrap().is_empty(), "{line}");
        }
        assert_eq!(paired("--dataset-name sonnet", "openai-responses").unwrap().len(), 1);
    }

    #[test]
    fn batches_for_a_model_that_generates_are_told() {
        assert_eq!(paired("--random-batch-size 2", "vllm").unwrap().len(), 1);
        assert!(paired("--random-batch-size 2", "openai-embeddings").unwrap().is_empty());
        assert!(paired("--dataset-name random-rerank", "vllm-rerank").unwrap().is_empty());
    }

    #[test]
    fn pictures_go_where_they_are_sent() {
        for line in ["--dataset-name random-mm", "--dataset-name custom_image --dataset-path a.jsonl"] {
            for backend in Backend::all() {
                assert_eq!(paired(line, backend.name()).is_ok(), backend.carries().pictures, "{line} to {backend:?}");
            }
        }
        let error = paired("--dataset-name random-mm", "vllm").unwrap_err();
        assert_eq!(error.to_string(), "dataset `random-mm` has pictures, which backend `vllm` does not send");
        assert!(error.advice().is_some());
    }

    #[test]
    fn datasets_of_the_hub_go_where_what_they_have_is_sent() {
        type Suits = fn(Backend) -> bool;
        let table: [(&str, Suits); 4] = [
            ("openai/gsm8k", |_| true),
            ("Lin-Chen/MMStar", |backend| backend.carries().pictures),
            ("LIUM/tedlium", |backend| backend.carries().sound.is_some()),
            ("gorilla-llm/Berkeley-Function-Calling-Leaderboard", |backend| backend.name() == "openai-chat"),
        ];
        for (name, suits) in table {
            for backend in Backend::all() {
                let paired = paired(&format!("--dataset-name hf --dataset-path {name}"), backend.name());
                assert_eq!(paired.is_ok(), suits(backend), "{name} to {backend:?}");
            }
        }
    }

    #[test]
    fn sound_that_goes_elsewhere_than_wanted_is_told() {
        let line = "--dataset-name custom_audio --dataset-path a.jsonl";
        let table = [
            ("", "openai-audio", false),
            ("--enable-multimodal-chat", "openai-audio", true),
            ("", "openai-chat", true),
            ("--enable-multimodal-chat", "openai-chat", false),
        ];
        for (flag, backend, warned) in table {
            let warnings = paired(&format!("{line} {flag}"), backend).unwrap();
            assert_eq!(!warnings.is_empty(), warned, "{flag} to {backend:?}: {warnings:?}");
        }
        assert!(paired(line, "vllm").unwrap_err().advice().is_some());
    }
}
