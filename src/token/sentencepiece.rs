//! SentencePiece's own files: byte pairs with scores, over text in which only blanks are changed, as the families of Llama,
//! Mistral and Gemma have them. Others (unigram models, normalised text) are refused, since no reading of them is exact.

use std::collections::{HashMap, HashSet};

use prost::Message;
use serde_json::{Map, Value, json};

use super::around::around;
use super::ranks;
use crate::error::{Error, Result};

/// The blank as it stands in pieces.
const BLANK: &str = "\u{2581}";

/// The parts of `sentencepiece_model.proto` that count here.
#[derive(Message)]
struct Model {
    #[prost(message, repeated, tag = "1")]
    pieces: Vec<Piece>,
    #[prost(message, optional, tag = "2")]
    trainer: Option<Trainer>,
    #[prost(message, optional, tag = "3")]
    normalizer: Option<Normalizer>,
}

#[derive(Message)]
struct Piece {
    #[prost(string, tag = "1")]
    text: String,
    #[prost(float, tag = "2")]
    score: f32,
    #[prost(int32, optional, tag = "3")]
    kind: Option<i32>,
}

#[derive(Message)]
struct Trainer {
    #[prost(int32, optional, tag = "3")]
    model_type: Option<i32>,
    #[prost(bool, optional, tag = "24")]
    blanks_behind: Option<bool>,
    #[prost(bool, optional, tag = "35")]
    byte_fallback: Option<bool>,
    #[prost(string, optional, tag = "46")]
    begin: Option<String>,
    #[prost(string, optional, tag = "47")]
    end: Option<String>,
}

#[derive(Message)]
struct Normalizer {
    #[prost(bytes = "vec", tag = "2")]
    map: Vec<u8>,
    #[prost(bool, optional, tag = "3")]
    add_dummy_prefix: Option<bool>,
    #[prost(bool, optional, tag = "4")]
    remove_extra_whitespaces: Option<bool>,
    #[prost(bool, optional, tag = "5")]
    escape_whitespaces: Option<bool>,
}

const BYTE_PAIRS: i32 = 2;

/// The kinds of pieces.
pub(super) const NORMAL: i32 = 1;
const UNKNOWN: i32 = 2;
pub(super) const CONTROL: i32 = 3;
pub(super) const USER_DEFINED: i32 = 4;
const UNUSED: i32 = 5;

impl Piece {
    fn is(&self, kind: i32) -> bool {
        self.kind.unwrap_or(NORMAL) == kind
    }
}

/// The `tokenizer.json` that gives the same ids, and the configuration, which is `config` where there is one. Where there is
/// none, names in a text are only text, as in the library itself.
///
/// # Errors
/// Where `content` is no model of SentencePiece, or one that cannot be read exactly.
pub(super) fn to_json(content: &[u8], config: &Map<String, Value>) -> Result<(Vec<u8>, Map<String, Value>)> {
    let model = Model::decode(content).map_err(|cause| Error::new(format!("not a model of SentencePiece: {cause}")))?;
    model.to_json(config)
}

/// The same vocabulary as other files hold it: of the model's settings only one is told, and the others are as in the families of
/// Llama.
pub(super) struct Vocabulary<'a> {
    pub(super) tokens: &'a [String],
    pub(super) scores: &'a [f32],
    /// By SentencePiece's numbers.
    pub(super) kinds: &'a [i64],
    /// Whether texts get a blank in front.
    pub(super) adds_a_blank: bool,
}

impl Vocabulary<'_> {
    /// As [`to_json`].
    ///
    /// # Errors
    /// Where it cannot be read exactly.
    pub(super) fn to_json(&self, config: &Map<String, Value>) -> Result<(Vec<u8>, Map<String, Value>)> {
        let pieces = self.tokens.iter().zip(self.scores).zip(self.kinds);
        let piece = |((text, score), kind): ((&String, &f32), &i64)| Piece {
            text: text.clone(),
            score: *score,
            kind: i32::try_from(*kind).ok(),
        };
        let trainer = Trainer { model_type: Some(BYTE_PAIRS), byte_fallback: Some(true), ..Trainer::default() };
        let normalizer = Normalizer {
            add_dummy_prefix: Some(self.adds_a_blank),
            remove_extra_whitespaces: Some(false),
            ..Normalizer::default()
        };
        let model = Model { pieces: pieces.map(piece).collect(), trainer: Some(trainer), normalizer: Some(normalizer) };
        model.to_json(config)
    }
}

impl Model {
    fn to_json(&self, config: &Map<String, Value>) -> Result<(Vec<u8>, Map<String, Value>)> {
        if let Some(what) = self.what_is_not_read() {
            return Err(Error::new(format!("only SentencePiece models of byte pairs are read exactly, and {what}")));
        }
        let vocab: Map<String, Value> =
            self.pieces.iter().zip(0..).map(|(piece, id): (_, u32)| (piece.text.clone(), json!(id))).collect();
        let added: Vec<Value> =
            self.pieces.iter().zip(0..).filter_map(|(piece, id): (_, u32)| added(piece, id)).collect();
        let unknown = self.pieces.iter().find(|piece| piece.is(UNKNOWN)).map(|piece| &piece.text);
        let trainer = self.trainer.as_ref();
        let first_only = self.adds_a_blank() && config.get("legacy") == Some(&Value::Bool(false));
        let blank = json!({"type": "Replace", "pattern": {"String": " "}, "content": BLANK});
        let prepend = json!({"type": "Prepend", "prepend": BLANK});
        let to_blank = json!({"type": "Replace", "pattern": {"String": BLANK}, "content": " "});
        let strip = json!({"type": "Strip", "content": " ", "start": 1, "stop": 0});
        let mut decoders = vec![to_blank, json!({"type": "ByteFallback"}), json!({"type": "Fuse"})];
        decoders.extend(self.adds_a_blank().then_some(strip));
        let normalizers = match self.adds_a_blank() && !first_only {
            true => vec![prepend, blank],
            false => vec![blank],
        };
        let metaspace = json!({"type": "Metaspace", "replacement": BLANK, "prepend_scheme": "first", "split": false});
        let tokenizer = json!({
            "version": "1.0",
            "truncation": null,
            "padding": null,
            "added_tokens": added,
            "normalizer": {"type": "Sequence", "normalizers": normalizers},
            "pre_tokenizer": if first_only { metaspace } else { Value::Null },
            "post_processor": self.around(&vocab, config),
            "decoder": {"type": "Sequence", "decoders": decoders},
            "model": {
                "type": "BPE",
                "dropout": null,
                "unk_token": unknown,
                "continuing_subword_prefix": null,
                "end_of_word_suffix": null,
                "fuse_unk": true,
                "byte_fallback": trainer.is_some_and(|trainer| trainer.byte_fallback == Some(true)),
                "ignore_merges": false,
                "vocab": vocab,
                "merges": self.merges(),
            },
        });
        let config = match config.is_empty() {
            true => Map::from_iter([("split_special_tokens".to_owned(), Value::Bool(true))]),
            false => config.clone(),
        };
        Ok((tokenizer.to_string().into_bytes(), config))
    }

    fn adds_a_blank(&self) -> bool {
        self.normalizer.as_ref().and_then(|normalizer| normalizer.add_dummy_prefix).unwrap_or(true)
    }

    /// What about it is not read exactly, if anything.
    fn what_is_not_read(&self) -> Option<&'static str> {
        let flag = |value: Option<bool>, usual| value.unwrap_or(usual);
        let (trainer, normalizer) = (self.trainer.as_ref(), self.normalizer.as_ref());
        let any = |kind: i32| self.pieces.iter().any(|piece| piece.is(kind));
        let mut texts = HashSet::new();
        let rows = [
            (trainer.and_then(|trainer| trainer.model_type) != Some(BYTE_PAIRS), "this is one of another kind"),
            (normalizer.is_none_or(|normalizer| !normalizer.map.is_empty()), "this one normalises text"),
            (
                normalizer.is_none_or(|normalizer| flag(normalizer.remove_extra_whitespaces, true)),
                "this one removes blanks",
            ),
            (
                normalizer.is_some_and(|normalizer| !flag(normalizer.escape_whitespaces, true)),
                "this one does not mark blanks",
            ),
            (trainer.is_some_and(|trainer| flag(trainer.blanks_behind, false)), "this one has blanks behind words"),
            (any(UNUSED), "this one has pieces that are not used"),
            (
                any(USER_DEFINED) && self.adds_a_blank(),
                "this one has symbols of its users and puts a blank before each text",
            ),
            (!any(UNKNOWN), "this one has no piece for what is unknown"),
            (!self.tied().values().all(|tied| grow_alike(tied)), "pieces of this one have the same score"),
            (!self.pieces.iter().all(|piece| texts.insert(&piece.text)), "this one has a piece twice"),
        ];
        rows.into_iter().find_map(|(unread, what)| unread.then_some(what))
    }

    /// Which pieces become one, the best score first. Of several ways to make one piece the library takes the one that begins
    /// first in the text, whichever it is; here they have an order. That makes no difference: no text was found whose merges
    /// lead to two ways that overlap.
    ///
    /// Runs of one character may share a score, as those of blanks do in Llama's models: the longest then come first, which must
    /// come to the same (see [`grow_alike`]).
    fn merges(&self) -> Vec<[&str; 2]> {
        let mut best: Vec<&Piece> = self.pieces.iter().filter(|piece| piece.is(NORMAL)).collect();
        let known: HashSet<&str> = best.iter().map(|piece| piece.text.as_str()).collect();
        best.sort_by(|one, other| {
            other.score.total_cmp(&one.score).then_with(|| other.text.len().cmp(&one.text.len()))
        });
        let mut merges = Vec::new();
        for piece in best {
            let text = piece.text.as_str();
            let cuts = text.char_indices().skip(1).map(|(at, _)| at);
            let ways = cuts.filter(|&at| known.contains(&text[..at]) && known.contains(&text[at..]));
            merges.extend(ways.map(|at| [&text[..at], &text[at..]]));
        }
        merges
    }

    /// The texts of pieces that share a score, by its bits: of those that merges make.
    fn tied(&self) -> HashMap<u32, Vec<&str>> {
        let mut by_score: HashMap<u32, Vec<&str>> = HashMap::new();
        for piece in self.pieces.iter().filter(|piece| piece.is(NORMAL) && piece.text.chars().nth(1).is_some()) {
            by_score.entry(piece.score.to_bits()).or_default().push(&piece.text);
        }
        by_score.retain(|_, texts| texts.len() > 1);
        by_score
    }

    /// What is put around a text: what `config` says, and for the families that begin every text, their begin.
    fn around(&self, vocab: &Map<String, Value>, config: &Map<String, Value>) -> Value {
        const BEGINNERS: [&str; 3] = ["Llama", "CodeLlama", "Gemma"];
        let class = config.get("tokenizer_class").and_then(Value::as_str).unwrap_or_default();
        let begins = BEGINNERS.iter().any(|family| class.starts_with(family));
        let flag = |name: &str, usual| config.get(name).and_then(Value::as_bool).unwrap_or(usual);
        let named = |name: &str, own: Option<&String>, usual: &str| -> String {
            let given = config.get(name).and_then(|token| token.get("content").unwrap_or(token).as_str());
            given.or(own.map(String::as_str)).unwrap_or(usual).to_owned()
        };
        let trainer = self.trainer.as_ref();
        let begin = named("bos_token", trainer.and_then(|trainer| trainer.begin.as_ref()), "<s>");
        let end = named("eos_token", trainer.and_then(|trainer| trainer.end.as_ref()), "</s>");
        let known = |token: String| {
            let id = vocab.get(&token)?.as_u64()? as u32;
            Some((token, id))
        };
        let begin = flag("add_bos_token", begins).then_some(begin).and_then(known);
        let end = flag("add_eos_token", false).then_some(end).and_then(known);
        around(
            begin.as_ref().map(|(token, id)| (token.as_str(), *id)),
            end.as_ref().map(|(token, id)| (token.as_str(), *id)),
        )
    }
}

/// Whether these are runs of one character of which the same come out in any text, whether the leftmost pair becomes one first, as in
/// the library, or that which makes the longest.
fn grow_alike(texts: &[&str]) -> bool {
    const LONGEST: usize = 64;
    let Some(letter) = texts.first().and_then(|text| text.chars().next()) else { return true };
    let known: HashSet<usize> = texts.iter().map(|text| text.chars().count()).collect();
    let longest = known.iter().copied().max().unwrap_or(0);
    let runs = texts.iter().all(|text| text.chars().all(|other| other == letter));
    let leftmost = |_: usize, _: usize| (0, 0);
    let longest_first = |left: usize, right: usize| (usize::MAX - left - right, left);
    runs && longest <= LONGEST
        && (2..=3 * longest).all(|count| grown(count, &known, leftmost) == grown(count, &known, longest_first))
}

/// What becomes of so many single characters: of the pairs that make a known length, that of the lowest `rank` goes first, and of
/// several the leftmost.
fn grown(count: usize, known: &HashSet<usize>, rank: impl Fn(usize, usize) -> (usize, usize)) -> Vec<usize> {
    let mut parts = vec![1; count];
    let next = |parts: &[usize]| {
        let pairs = parts.windows(2).enumerate().filter(|(_, pair)| known.contains(&(pair[0] + pair[1])));
        pairs.min_by_key(|(at, pair)| (rank(pair[0], pair[1]), *at)).map(|(at, _)| at)
    };
    while let Some(at) = next(&parts) {
        parts[at] += parts.remove(at + 1);
    }
    parts
}

/// The token that a piece is beside those of the model: one that is found in texts as a whole, or a name.
fn added(piece: &Piece, id: u32) -> Option<Value> {
    // Blanks are marked before symbols are looked for: one with a blank of its own is never found.
    let own = piece.is(USER_DEFINED) && !piece.text.contains(' ');
    (own || piece.is(CONTROL) || piece.is(UNKNOWN)).then(|| ranks::added(id, &piece.text, own, !own))
}
