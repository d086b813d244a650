//! Pieces of a message beside its text: what a content part is, whatever protocol writes it. Plain values; nothing is read
//! from disk here.

/// JSON that is written as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Json(String);

impl Json {
    /// The text of `value`, compact and in the order of its keys.
    pub fn of(value: &serde_json::Value) -> Self {
        Json(value.to_string())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One part of a message's content.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// A text.
    Text(String),
    /// The text that a message of several parts begins with; on the wire it differs from [`Part::Text`] by the order of its
    /// keys, as in the reference.
    Lead(String),
    /// An image by its URL, which may be a `data:` URL.
    Image {
        /// Where it is, or what it is.
        url: String,
        /// The other keys of `image_url`, such as `detail`, as an object's inside: `"detail": "low"`; may be empty.
        more: String,
    },
    /// A video by its URL, which may be a `data:` URL.
    Video {
        /// Where it is, or what it is.
        url: String,
    },
    /// Audio in the message itself.
    Audio {
        /// Base64.
        data: String,
        /// Such as `wav`.
        format: String,
    },
}

/// A file of sound that is uploaded for transcription.
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// The file's content.
    pub bytes: Vec<u8>,
    /// The file's name.
    pub name: String,
    /// The file's media type.
    pub media_type: String,
    /// How long it sounds, in seconds.
    pub seconds: f64,
}
