//! The datasets of the hub whose rows are known: how each is called, which part of it is used, and what may take its requests.
//! Plain values; what a row becomes stands in the file of its kind.

/// A kind of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Conversations about an image; the first turn is asked.
    VisionArena,
    /// Questions about a video, with choices.
    Mmvu,
    /// Code and an instruction what to make of it.
    InstructCoder,
    /// The first turn of questions in two turns.
    MtBench,
    /// The beginning of a function.
    HumanEval,
    /// Word problems.
    Gsm8k,
    /// Conversations with images.
    MultiModalConversation,
    /// Conversations.
    Conversation,
    /// Mathematical problems with their solutions.
    Aimo,
    /// Edits of code that are to be carried on.
    NextEdit,
    /// Speech to transcribe.
    Asr,
    /// Code and a change to make in it.
    Blazedit,
    /// A system prompt and a question.
    MlPerf,
    /// Questions about an image.
    MmStar,
    /// Questions, and functions to call.
    Bfcl,
    /// Any other dataset with a column of texts.
    Text,
}

/// What a backend must send for a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// Texts alone.
    Text,
    /// Images or videos.
    Pictures,
    /// Sounds.
    Sound,
    /// Messages with functions to call.
    Tools,
}

/// How many output tokens are asked for where no flag says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    /// Always the same.
    Fixed(u32),
    /// As many as the answer in the row has.
    Answer,
}

/// What is known of a class.
pub(super) struct Known {
    pub(super) class: Class,
    /// Its names on the hub.
    ids: &'static [&'static str],
    /// The split where no flag says another one.
    pub(super) split: &'static str,
    pub(super) subset: Subset,
    pub(super) output: Output,
    /// The columns that are read.
    pub(super) columns: &'static [&'static str],
}

/// Which subset is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subset {
    /// The flag's, if it is given.
    Flag,
    /// The flag's, or else this one.
    Or(&'static str),
    /// There is none, whatever the flag says.
    None,
}

const ARENA: &str = "lmarena-ai/vision-arena-bench-v0.1";
/// The dataset whose sounds are files of their own.
pub(super) const EARNINGS: &str = "ArtificialAnalysis/Earnings22-Cleaned-AA";

const fn known(
    class: Class,
    ids: &'static [&'static str],
    split: &'static str,
    output: Output,
    columns: &'static [&'static str],
) -> Known {
    let subset = match class {
        Class::VisionArena | Class::Mmvu | Class::MmStar => Subset::None,
        Class::Gsm8k => Subset::Or("main"),
        _ => Subset::Flag,
    };
    Known { class, ids, split, subset, output, columns }
}

/// All classes with names; where a name stands twice, the first one counts.
const ALL: [Known; 15] = {
    use Class::*;
    use Output::{Answer, Fixed};
    [
        known(
            VisionArena,
            &["lmarena-ai/VisionArena-Chat", ARENA],
            "train",
            Fixed(128),
            &["images", "conversation", "turns"],
        ),
        known(Mmvu, &["yale-nlp/MMVU"], "validation", Fixed(128), &["question", "choices", "video"]),
        known(InstructCoder, &["likaixin/InstructCoder"], "train", Fixed(200), &["input", "instruction"]),
        known(MtBench, &["philschmid/mt-bench"], "train", Fixed(256), &["turns"]),
        known(HumanEval, &["openai/openai_humaneval"], "test", Fixed(256), &["prompt"]),
        known(Gsm8k, &["openai/gsm8k"], "test", Fixed(256), &["question"]),
        known(MultiModalConversation, &["lmms-lab/LLaVA-OneVision-Data"], "train", Answer, CONVERSATION),
        known(Conversation, &["Aeala/ShareGPT_Vicuna_unfiltered"], "train", Answer, CONVERSATION),
        known(
            Aimo,
            &["AI-MO/aimo-validation-aime", "AI-MO/NuminaMath-1.5", "AI-MO/NuminaMath-CoT"],
            "train",
            Answer,
            &["problem", "solution"],
        ),
        known(NextEdit, &["zed-industries/zeta"], "train", Answer, &["events", "input", "output"]),
        known(Asr, SPEECH, "train", Fixed(1024), &["audio", "url"]),
        known(
            Blazedit,
            &["vdaita/edit_5k_char", "vdaita/edit_10k_char"],
            "train",
            Fixed(4000),
            &["code", "change_request", "norm_distance"],
        ),
        known(
            MlPerf,
            &["mgoin/mlperf-inference-llama2-data", "mgoin/mlperf-inference-llama3.1-data"],
            "train",
            Answer,
            &["system_prompt", "question", "output"],
        ),
        known(MmStar, &["Lin-Chen/MMStar"], "val", Fixed(128), &["question", "image"]),
        known(Bfcl, &["gorilla-llm/Berkeley-Function-Calling-Leaderboard"], "", Fixed(512), &[]),
    ]
};

const CONVERSATION: &[&str] = &["conversations", "image"];

const SPEECH: &[&str] = &[
    "openslr/librispeech_asr",
    "facebook/voxpopuli",
    "LIUM/tedlium",
    "edinburghcstr/ami",
    "speechcolab/gigaspeech",
    "kensho/spgispeech",
    EARNINGS,
    "D4nt3/esb-datasets-earnings22-validation-tiny-filtered",
];

/// What is assumed of a dataset that has no class.
pub(super) const TEXT: Known = Known {
    class: Class::Text,
    ids: &[],
    split: "train",
    subset: Subset::Flag,
    output: Output::Fixed(256),
    columns: &[],
};

impl Known {
    /// The class of the dataset at `path` that goes by `name`.
    pub(super) fn of(path: &str, name: Option<&str>) -> Option<&'static Known> {
        let is = |known: &&Known| {
            let name = name.filter(|name| known.ids.contains(name));
            known.ids.contains(&path) || name.is_some()
        };
        const { &ALL }.iter().find(is)
    }

    /// The names of all datasets of which the class is known.
    pub(super) fn ids() -> Vec<&'static str> {
        ALL.iter().flat_map(|known| known.ids).copied().collect()
    }
}

impl Class {
    /// What a backend must send.
    pub fn takes(self) -> Takes {
        match self {
            Class::VisionArena | Class::Mmvu | Class::MultiModalConversation | Class::MmStar => Takes::Pictures,
            Class::Asr => Takes::Sound,
            Class::Bfcl => Takes::Tools,
            _ => Takes::Text,
        }
    }

    /// Whether prompts go through the model's chat template, unless told not to.
    pub fn templated(self) -> bool {
        use Class::{Blazedit, Gsm8k, HumanEval, InstructCoder, MlPerf, MtBench, Text};
        matches!(self, InstructCoder | MtBench | HumanEval | Gsm8k | Blazedit | MlPerf | Text)
    }
}

/// Whether a name belongs to the conversations whose turns are called `turns`.
pub(super) fn has_turns(name: &str) -> bool {
    name == ARENA
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_found_by_path_or_name() {
        let class = |path, name| Known::of(path, name).map(|known| known.class);
        assert_eq!(class("openai/gsm8k", None), Some(Class::Gsm8k));
        assert_eq!(class("/data/x", Some("openai/gsm8k")), Some(Class::Gsm8k));
        assert_eq!(class("openai/gsm8k", Some("yale-nlp/MMVU")), Some(Class::Mmvu), "the first of the table counts");
        assert_eq!(class("/data/x", Some("vdaita/edit_5k_char")), Some(Class::Blazedit));
        assert_eq!(class("/data/x", Some("other")), None);
        assert_eq!(Known::ids().len(), 27);
    }

    #[test]
    fn every_class_stands_in_the_table_at_its_place() {
        for (index, known) in ALL.iter().enumerate() {
            assert_eq!(known.class as usize, index);
        }
    }
}
