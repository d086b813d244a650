//! Which backends carry pictures, videos and sound: a dataset and a backend come in; what would be dropped on the way is
//! refused, and sound is put where the backend looks for it.

use crate::backend::Backend;
use crate::dataset::Dataset;
use crate::dataset::hf::Takes;
use crate::dataset::media::Placement;
use crate::dataset::sharegpt::Media;
use crate::error::{Error, Result};

/// Fits the media of `dataset` to `backend`; gives what to warn of.
///
/// # Errors
///
/// Where the backend has no place for them.
pub(super) fn carry(dataset: &mut Dataset, backend: Backend) -> Result<Option<String>> {
    match dataset {
        Dataset::Hf(hf) => match hf.takes() {
            Takes::Text => Ok(None),
            Takes::Pictures => needs_pictures(&hf.name, backend),
            Takes::Sound => {
                hf.shape.placement = place_of_sound(&hf.name, backend)?;
                Ok(None)
            }
            Takes::Tools => needs_tools(&hf.name, backend),
        },
        Dataset::RandomMm(_) => needs_pictures("random-mm", backend),
        Dataset::CustomImage(_) => needs_pictures("custom_image", backend),
        Dataset::ShareGpt(sharegpt) => {
            // Only its entries tell whether there are any.
            sharegpt.media = if carries_pictures(backend) { Media::Send } else { Media::Refuse };
            Ok(None)
        }
        Dataset::CustomAudio(custom_audio) => {
            let asked = std::mem::replace(&mut custom_audio.placement, place_of_sound("custom_audio", backend)?);
            Ok(match (asked, custom_audio.placement) {
                (Placement::Beside, Placement::Within) => Some(format!(
                    "sound goes into the messages, as with `--enable-multimodal-chat`: `{}` takes it nowhere else",
                    backend.name()
                )),
                (Placement::Within, Placement::Beside) => Some(
                    "`--enable-multimodal-chat` has no effect: `openai-audio` uploads sound, without a chat".into(),
                ),
                _ => None,
            })
        }
        _ => Ok(None),
    }
}

/// Whether the bodies of `backend` have a place for pictures and videos beside a text.
pub(super) fn carries_pictures(backend: Backend) -> bool {
    match backend {
        Backend::OpenaiChat
        | Backend::OpenaiEmbeddingsChat
        | Backend::OpenaiEmbeddingsClip
        | Backend::OpenaiEmbeddingsVlm2vec
        | Backend::InfinityEmbeddingsClip => true,
        Backend::Vllm
        | Backend::Openai
        | Backend::OpenaiResponses
        | Backend::OpenaiAudio
        | Backend::OpenaiEmbeddings
        | Backend::InfinityEmbeddings
        | Backend::VllmPooling
        | Backend::VllmRerank => false,
    }
}

fn needs_pictures(dataset: &str, backend: Backend) -> Result<Option<String>> {
    if carries_pictures(backend) {
        return Ok(None);
    }
    Err(Error::new(format!("dataset `{dataset}` has pictures, which backend `{}` does not send", backend.name()))
        .hint("use `--backend openai-chat`"))
}

fn needs_tools(dataset: &str, backend: Backend) -> Result<Option<String>> {
    if backend == Backend::OpenaiChat {
        return Ok(None);
    }
    Err(Error::new(format!(
        "dataset `{dataset}` has functions to call, which backend `{}` does not send",
        backend.name()
    ))
    .hint("use `--backend openai-chat`"))
}

/// Where `backend` takes sound.
fn place_of_sound(dataset: &str, backend: Backend) -> Result<Placement> {
    match backend {
        Backend::OpenaiAudio => Ok(Placement::Beside),
        Backend::OpenaiChat | Backend::OpenaiEmbeddingsChat => Ok(Placement::Within),
        other => {
            Err(Error::new(format!("dataset `{dataset}` has sound, which backend `{}` does not send", other.name()))
                .hint("use `--backend openai-audio` to transcribe it, or `--backend openai-chat` to chat about it"))
        }
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

    fn carried(line: &str, backend: Backend) -> Result<(Dataset, Option<String>)> {
        let words = std::iter::once("x").chain(line.split_whitespace());
        let mut dataset = Cli::try_parse_from(words).unwrap().dataset.resolve().unwrap();
        carry(&mut dataset, backend).map(|warning| (dataset, warning))
    }

    #[test]
    fn pictures_go_where_they_are_sent() {
        for line in ["--dataset-name random-mm", "--dataset-name custom_image --dataset-path a.jsonl"] {
            for backend in Backend::ALL {
                assert_eq!(carried(line, backend).is_ok(), carries_pictures(backend), "{line} to {backend:?}");
            }
        }
        let error = carried("--dataset-name random-mm", Backend::Vllm).unwrap_err();
        assert_eq!(error.to_string(), "dataset `random-mm` has pictures, which backend `vllm` does not send");
        assert!(error.advice().is_some());
    }

    #[test]
    fn datasets_of_the_hub_go_where_what_they_have_is_sent() {
        type Suits = fn(Backend) -> bool;
        let table: [(&str, Suits); 4] = [
            ("openai/gsm8k", |_| true),
            ("Lin-Chen/MMStar", carries_pictures),
            ("LIUM/tedlium", |backend| place_of_sound("x", backend).is_ok()),
            ("gorilla-llm/Berkeley-Function-Calling-Leaderboard", |backend| backend == Backend::OpenaiChat),
        ];
        for (name, suits) in table {
            for backend in Backend::ALL {
                let carried = carried(&format!("--dataset-name hf --dataset-path {name}"), backend);
                assert_eq!(carried.is_ok(), suits(backend), "{name} to {backend:?}");
            }
        }
    }

    #[test]
    fn conversations_are_refused_only_where_they_have_pictures() {
        for (backend, media) in [(Backend::Vllm, Media::Refuse), (Backend::OpenaiChat, Media::Send)] {
            let (dataset, warning) = carried("--dataset-name sharegpt --dataset-path a", backend).unwrap();
            let Dataset::ShareGpt(sharegpt) = dataset else { panic!("another dataset") };
            assert_eq!((sharegpt.media, warning), (media, None));
        }
    }

    #[test]
    fn sound_goes_where_the_backend_looks_for_it() {
        let line = "--dataset-name custom_audio --dataset-path a.jsonl";
        let table = [
            ("", Backend::OpenaiAudio, Placement::Beside, false),
            ("--enable-multimodal-chat", Backend::OpenaiAudio, Placement::Beside, true),
            ("", Backend::OpenaiChat, Placement::Within, true),
            ("--enable-multimodal-chat", Backend::OpenaiChat, Placement::Within, false),
        ];
        for (flag, backend, place, warned) in table {
            let (dataset, warning) = carried(&format!("{line} {flag}"), backend).unwrap();
            let Dataset::CustomAudio(custom_audio) = dataset else { panic!("another dataset") };
            assert_eq!((custom_audio.placement, warning.is_some()), (place, warned), "{flag} to {backend:?}");
        }
        assert!(carried(line, Backend::Vllm).unwrap_err().advice().is_some());
    }
}
