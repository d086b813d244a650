//! Well-formed files of each kind that a user may name.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::STANDARD};
use image::{ImageFormat, RgbImage};
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

fn bytes(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub(crate) fn custom() -> Vec<Vec<u8>> {
    bytes(&[
        "{\"prompt\": \"Tell me a story\", \"output_tokens\": 7}\n{\"prompt\": \"Another é😀\"}\n\n{\"prompt\": \"three\"}\n",
        "{\"messages\":[{\"role\":\"system\",\"content\":\"Be terse.\"},{\"role\":\"user\",\"content\":\"Hi\"},{\"role\":\"assistant\",\"content\":\"Ho\"}]}\n",
        "{\"prompt\": [{\"role\": \"user\", \"content\": [{\"type\": \"text\", \"text\": \"x\"}]}]}\n{\"prompt\": {\"data\": {\"a\": 1}}}\n",
        "[{\"prompt\": \"in a list\"}, {\"prompt\": \"of rows\", \"output_tokens\": 3.0}]",
    ])
}

pub(crate) fn sharegpt() -> Vec<Vec<u8>> {
    bytes(&[
        r#"[{"id":"a","conversations":[{"from":"human","value":"Hello there, how are you today?"},{"from":"gpt","value":"I am well, thank you for asking me."}]},{"conversations":[{"from":"system","value":"s"},{"from":"human","value":"One two three four five"},{"from":"gpt","value":"Six seven eight nine ten"},{"from":"human","value":"And more of it, please"},{"from":"gpt","value":"There is no more of it"}]}]"#,
        "{\"conversations\":[{\"role\":\"user\",\"content\":\"Hello there, how are you today?\"},{\"role\":\"assistant\",\"content\":\"I am well, thank you.\"}]}\n",
        r#"[{"messages":[{"role":"user","content":"Hello there, how are you today?"},{"role":"assistant","content":"I am well, thank you."}]}]"#,
    ])
}

pub(crate) fn burstgpt() -> Vec<Vec<u8>> {
    bytes(&[
        "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n5,ChatGPT,472,18,490,Conversation log\n45,GPT-4,87,230,317,Conversation log\n118,GPT-4,9,5,14,API log\n",
        "Timestamp;Session ID;Elapsed time;Model;Request tokens;Response tokens;Total tokens;Log Type\n5;1;2.5;GPT-4;4;8;12;x\n",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03.9799600,48,10\n2023-11-16 18:17:04.0319600,30,7\n",
    ])
}

pub(crate) fn traces() -> Vec<Vec<u8>> {
    let mut seeds = bytes(&[
        "{\"timestamp\": 0, \"input_length\": 6, \"output_length\": 5, \"hash_ids\": [0, 1]}\n{\"timestamp\": 30, \"input_length\": 7, \"output_length\": 2, \"hash_ids\": [0, 2]}\n",
        "{\"timestamp\": 0.5, \"prompt\": \"words of a text\", \"output_length\": 5}\n{\"timestamp\": 1.5, \"text\": \"more\", \"output_length\": 1}\n",
    ]);
    seeds.extend(burstgpt());
    seeds
}

pub(crate) fn spec_bench() -> Vec<Vec<u8>> {
    bytes(&[
        "{\"question_id\": 1, \"category\": \"writing\", \"turns\": [\"Compose a poem\", \"Rewrite it\"]}\n{\"question_id\": 2, \"category\": \"math\", \"turns\": [\"1+1?\"]}\n",
    ])
}

pub(crate) fn sonnet() -> Vec<Vec<u8>> {
    bytes(&[&"Shall I compare thee to a summer's day?\nThou art more lovely and more temperate:\n".repeat(40)])
}

pub(crate) fn tools() -> Vec<Vec<u8>> {
    bytes(&[
        r#"{"id":"simple_0","question":[[{"role":"user","content":"Area of a triangle?"}]],"function":[{"name":"area","description":"d","parameters":{"type":"dict","properties":{"base":{"type":"integer","description":"b"}},"required":["base"]}}]}"#,
    ])
}

pub(crate) fn kwargs() -> Vec<Vec<u8>> {
    bytes(&["enable_thinking=true", "a.b.c=[1, 2, {\"x\": null}]", "a={\"b\": 1e400}", "a.0.b=\"x\""])
}

pub(crate) fn configs() -> Vec<Vec<u8>> {
    bytes(&[
        "model: m\nbackend: openai-chat\nseed: 7\nextra-body:\n  top_k: 3\n  nested: {a: [1, 2.5, null, yes]}\nheader:\n  - a=b\n",
        "{\"temperature\": 0.5, \"goodput\": [\"ttft:100\", \"tpot:20\"], \"request-rate\": 10}\n",
        "defaults: &d\n  seed: 1\n<<: *d\nignore_eos: true\n--- \nlabel: |\n  several\n  lines\n",
    ])
}

pub(crate) fn templates() -> Vec<Vec<u8>> {
    bytes(&[
        "{% for m in messages %}<|{{ m.role }}|>\r\n{{ m.content | trim }}{% if not loop.last %}\n{% endif %}{% endfor %}{% if add_generation_prompt %}<|a|>{% endif %}",
        "{%- set ns = namespace(n=0) -%}{%- for m in messages -%}{%- set ns.n = ns.n + 1 -%}{{ m | tojson(indent=2) }}{%- endfor -%}{% generation %}{{ ns.n }}{% endgeneration %}",
        "{% macro f(x, y=1) %}{{ x[:2] ~ y }}{% endmacro %}{{ f(messages[0].content) }}{{ messages[0]['content'].split(' ')[-1].upper() }}{{ '%s' % 3 }}{{ 1e16 / 3 }}",
    ])
}

pub(crate) fn tokenizer_configs() -> Vec<Vec<u8>> {
    bytes(&[
        "{\"add_bos_token\": true, \"bos_token\": {\"content\": \"<s>\", \"special\": true}, \"eos_token\": \"</s>\", \"model_max_length\": 1e30, \"chat_template\": \"{% for m in messages %}{{ m.content }}{% endfor %}\"}",
        "{\"chat_template\": [{\"name\": \"default\", \"template\": \"{{ messages[0].content }}\"}, {\"name\": \"tool_use\", \"template\": \"{{ tools }}\"}]}",
    ])
}

pub(crate) fn tokenizers() -> Vec<Vec<u8>> {
    bytes(&[
        r###"{"version":"1.0","truncation":null,"padding":null,"added_tokens":[{"id":0,"content":"<s>","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}],"normalizer":{"type":"NFC"},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{L}+|\\s+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":false}]},"post_processor":null,"decoder":{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true,"use_regex":true},"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"vocab":{"<s>":0,"a":1,"b":2,"Ġ":3,"ab":4,"Ġa":5,"c":6,"d":7,"e":8,"t":9},"merges":[["a","b"],["Ġ","a"]]}}"###,
        r###"{"version":"1.0","added_tokens":[],"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},"pre_tokenizer":null,"decoder":null,"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["▁",-2.0],["a",-3.5],["b",-4.0],["▁a",-2.5]],"byte_fallback":false}}"###,
        r###"{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":{"type":"Whitespace"},"decoder":null,"model":{"type":"WordLevel","vocab":{"[UNK]":0,"a":1,"b":2},"unk_token":"[UNK]"}}"###,
    ])
}

pub(crate) fn tekken() -> Vec<Vec<u8>> {
    vec![include_bytes!("../../src/token/fixtures/tekken.json").to_vec()]
}

pub(crate) fn ranks() -> Vec<Vec<u8>> {
    vec![include_bytes!("../../src/token/fixtures/ranks.tiktoken").to_vec()]
}

pub(crate) fn sentencepiece() -> Vec<Vec<u8>> {
    let vectors = include_str!("../../src/token/fixtures/sentencepiece.json");
    let models: serde_json::Value = serde_json::from_str(vectors).expect("our own vectors");
    let model = |one: &serde_json::Value| STANDARD.decode(one["model"].as_str()?).ok();
    models.as_array().into_iter().flatten().filter_map(model).collect()
}

/// A vocabulary of each kind as llama.cpp has it.
pub(crate) fn gguf() -> Vec<Vec<u8>> {
    let text = |text: &str| [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat();
    let field = |name: &str, kind: u32, value: Vec<u8>| [text(name), kind.to_le_bytes().to_vec(), value].concat();
    let list = |of: u32, items: &[Vec<u8>]| {
        [of.to_le_bytes().to_vec(), (items.len() as u64).to_le_bytes().to_vec(), items.concat()].concat()
    };
    let texts = |texts: &[&str]| list(8, &texts.iter().map(|one| text(one)).collect::<Vec<_>>());
    let numbers = |numbers: &[i32]| list(5, &numbers.iter().map(|one| one.to_le_bytes().to_vec()).collect::<Vec<_>>());
    let floats = |floats: &[f32]| list(6, &floats.iter().map(|one| one.to_le_bytes().to_vec()).collect::<Vec<_>>());
    let file = |fields: &[Vec<u8>]| {
        let head = [&b"GGUF"[..], &3_u32.to_le_bytes(), &0_u64.to_le_bytes(), &(fields.len() as u64).to_le_bytes()];
        [head.concat(), fields.concat()].concat()
    };
    let pairs = file(&[
        field("general.name", 8, text("m")),
        field("tokenizer.ggml.model", 8, text("gpt2")),
        field("tokenizer.ggml.pre", 8, text("qwen2")),
        field("tokenizer.ggml.tokens", 9, texts(&["<s>", "a", "b", "Ġ", "ab", "Ġa"])),
        field("tokenizer.ggml.token_type", 9, numbers(&[3, 1, 1, 1, 1, 1])),
        field("tokenizer.ggml.merges", 9, texts(&["a b", "Ġ a"])),
        field("tokenizer.ggml.bos_token_id", 4, 0_u32.to_le_bytes().to_vec()),
        field("tokenizer.ggml.add_bos_token", 7, vec![1]),
        field("tokenizer.chat_template", 8, text("{{ messages[0].content }}")),
    ]);
    let pieces = file(&[
        field("tokenizer.ggml.model", 8, text("llama")),
        field("tokenizer.ggml.tokens", 9, texts(&["<unk>", "<s>", "a", "\u{2581}", "\u{2581}a", "\u{2581}\u{2581}"])),
        field("tokenizer.ggml.token_type", 9, numbers(&[2, 3, 1, 1, 1, 1])),
        field("tokenizer.ggml.scores", 9, floats(&[0.0, 0.0, -3.0, -4.0, -1.0, -2.0])),
    ]);
    vec![pairs, pieces]
}

/// A picture of each kind that is read.
pub(crate) fn pictures() -> Vec<Vec<u8>> {
    let picture = RgbImage::from_fn(12, 7, |x, y| image::Rgb([x as u8 * 20, y as u8 * 30, 99]));
    [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP]
        .into_iter()
        .map(|format| {
            let mut file = std::io::Cursor::new(Vec::new());
            picture.write_to(&mut file, format).expect("a picture in memory");
            file.into_inner()
        })
        .collect()
}

/// A sound of 16 bits, mono, and the beginnings of other containers.
pub(crate) fn sounds() -> Vec<Vec<u8>> {
    let samples: Vec<u8> = (0..400_i16).flat_map(|n| (n * 37).to_le_bytes()).collect();
    let length = samples.len() as u32;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
    wav.extend(length.to_le_bytes());
    wav.extend(samples);
    let flac = b"fLaC\0\0\0\x22\x10\0\x10\0\0\0\x0e\0\0\x10\x0a\xc4\x42\xf0\0\0\0\x40\x3e\x84\xb4\x18\x07\xdc\x69\x03\x07\x58\x6a\x3d\xad\x1a\x2e\x0f".to_vec();
    let ogg = b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x1e\x01vorbis\0\0\0\0\x01\x44\xac\0\0\0\0\0\0\x80\xb5\x01\0\0\0\0\0\xb8\x01".to_vec();
    let mp3 = [&b"\xff\xfb\x90\x64\0\0"[..], &[0; 411]].concat().repeat(3);
    vec![wav, flac, ogg, mp3]
}

/// Tables of texts, in compressions that the hub's files have.
pub(crate) fn tables() -> Vec<Vec<u8>> {
    [Compression::SNAPPY, Compression::ZSTD(ZstdLevel::default()), Compression::UNCOMPRESSED]
        .into_iter()
        .map(table)
        .collect()
}

fn table(compression: Compression) -> Vec<u8> {
    let schema = parse_message_type("message m { required binary prompt (UTF8); optional binary answer (UTF8); }")
        .expect("a schema");
    let properties = WriterProperties::builder().set_compression(compression).build();
    let mut file = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut file, Arc::new(schema), Arc::new(properties)).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    let texts = ["Write a poem about rivers", "Why is the sky blue?", "Count to ten"].map(ByteArray::from);
    for levels in [None, Some(&[1, 1, 1][..])] {
        let mut column = group.next_column().expect("a column").expect("one that is left");
        column.typed::<ByteArrayType>().write_batch(&texts, levels, None).expect("a batch");
        column.close().expect("the column's end");
    }
    group.close().expect("the group's end");
    writer.close().expect("the file's end");
    file
}
