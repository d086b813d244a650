//! Which dataset goes with which backend: both come in; what cannot be sent is refused, what looks unintended is told.

use crate::backend::Backend;
use crate::dataset::{Dataset, Kind, Shape};
use crate::error::{Error, Result};
use crate::record::Task;

/// Fits `dataset` to the servers that `backend` speaks with; gives what to warn of.
///
/// # Errors
///
/// Where the backend has no place for prompts of that kind.
pub(super) fn pair(dataset: &mut Dataset, backend: Backend) -> Result<Vec<String>> {
    let completes = matches!(backend, Backend::Vllm | Backend::Openai);
    let takes_ids = completes || matches!(backend, Backend::OpenaiEmbeddings | Backend::VllmPooling);
    let traced = matches!(dataset, Dataset::TimedTrace(_));
    if dataset.kind() == Kind::TokenIds && !(if traced { completes } else { takes_ids }) {
        let what = format!("backend `{}` takes no token ids", backend.name());
        let hint = if traced {
            "use `--backend vllm` or `openai`, which `timed_trace` needs"
        } else {
            "use `--backend vllm`, `openai`, `openai-embeddings` or `vllm-pooling`, or leave out `--prompt-token-ids`"
        };
        return Err(Error::new(what).hint(hint));
    }
    if backend == Backend::OpenaiChat {
        dataset.leave_template_to_server();
    }
    let mut warnings: Vec<String> = super::carrying::carry(dataset, backend)?.into_iter().collect();
    if matches!(backend, Backend::OpenaiChat | Backend::OpenaiResponses) && dataset.is_templated() {
        warnings.push(
            "prompts are put into the chat template, which the server does too: give `--skip-chat-template`".into(),
        );
    }
    if dataset.kind() == Kind::Batches && backend.task() == Task::Generation {
        let name = backend.name();
        warnings.push(format!("a request holds several prompts and asks for no output, which `{name}` has no use for"));
    }
    Ok(warnings)
}

/// Checks that `backend` can carry on conversations, and `dataset` makes some of this shape.
///
/// # Errors
/// If it cannot.
pub(super) fn converse(dataset: &Dataset, backend: Backend, shape: &Shape) -> Result<()> {
    if backend != Backend::OpenaiChat {
        return Err(Error::new(format!("`--multi-turn` does not go with backend `{}`", backend.name()))
            .hint("give `--backend openai-chat`: conversations are made of messages"));
    }
    dataset.check_conversations(shape)
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

    fn paired(line: &str, backend: Backend) -> Result<Vec<String>> {
        let words = std::iter::once("x").chain(line.split_whitespace());
        pair(&mut Cli::try_parse_from(words).unwrap().dataset.resolve().unwrap(), backend)
    }

    #[test]
    fn token_ids_go_where_they_are_taken() {
        let trace = "--dataset-name timed_trace --dataset-path a";
        for backend in Backend::ALL {
            let completes = matches!(backend, Backend::Vllm | Backend::Openai);
            assert_eq!(paired(trace, backend).is_ok(), completes, "{backend:?}");
            let pools = matches!(backend, Backend::OpenaiEmbeddings | Backend::VllmPooling);
            assert_eq!(paired("--prompt-token-ids", backend).is_ok(), completes || pools, "{backend:?}");
            assert!(paired("", backend).is_ok(), "{backend:?}");
        }
    }

    #[test]
    fn what_is_templated_twice_is_told() {
        let table = [
            ("--dataset-name custom --dataset-path a.jsonl", 1),
            ("--dataset-name custom --dataset-path a.jsonl --skip-chat-template", 0),
            ("--dataset-name spec_bench --dataset-path a", 1),
            ("--dataset-name sonnet", 0),
            ("", 0),
        ];
        for (line, warnings) in table {
            assert_eq!(paired(line, Backend::OpenaiChat).unwrap().len(), warnings, "{line}");
            assert!(paired(line, Backend::Vllm).unwrap().is_empty(), "{line}");
        }
    }

    #[test]
    fn batches_for_a_model_that_generates_are_told() {
        assert_eq!(paired("--random-batch-size 2", Backend::Vllm).unwrap().len(), 1);
        assert!(paired("--random-batch-size 2", Backend::OpenaiEmbeddings).unwrap().is_empty());
        assert!(paired("--dataset-name random-rerank", Backend::VllmRerank).unwrap().is_empty());
    }
}
