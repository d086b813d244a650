//! Chat templates: from a template's source and the messages to the prompt's text, as Jinja2 with the settings that
//! chat templates are written for. It never tokenizes.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind};
use serde_json::{Map, json};

use super::files::Files;
use super::python;
use super::watch::watched;
use crate::error::{Error, Result, contained};
use crate::net;

/// The chat template of a tokenizer, compiled, with the variables that it always has.
#[derive(Debug)]
pub(super) struct Chat {
    environment: Environment<'static>,
    variables: Map<String, serde_json::Value>,
}

/// The longest source of a template, in bytes: three times the longest known.
const LONGEST: usize = 64 << 10;
/// So much of a stack each byte of the source takes at most: four times what was measured.
const STACK: usize = 2 << 10;
/// So many steps a template may take: a thousand times more than any needs.
const MOST_STEPS: u64 = 20_000_000;
/// So many bytes it may write.
const MOST_BYTES: usize = 256 << 20;

/// A text that is refused beyond [`MOST_BYTES`].
struct Limited(Vec<u8>);

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + bytes.len() > MOST_BYTES {
            return Err(std::io::Error::other(format!("it writes more than {} MiB", MOST_BYTES >> 20)));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The name under which the template is compiled; error messages show it.
const NAME: &str = "chat template";

/// The name of the template for conversations with tools, where a tokenizer has one of its own.
const WITH_TOOLS: &str = "chat template for tools";

impl Chat {
    /// Compiles the templates that `files` have for conversations without and with tools; `named` are the named special
    /// tokens.
    ///
    /// # Errors
    /// Where there is no template, none of several is the default, or it does not compile.
    pub(super) fn of(files: &Files, named: &[(String, String)]) -> Result<Self> {
        let sources = sources(files);
        let mut chat = Self::compile(&default(&sources)?, named)?;
        if let Some((_, source)) = sources.into_iter().find(|(name, _)| name == "tool_use") {
            add(&mut chat.environment, WITH_TOOLS, &source)?;
        }
        Ok(chat)
    }

    fn compile(source: &str, named: &[(String, String)]) -> Result<Self> {
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build().map_err(wrong)?;
        let mut environment = Environment::new();
        environment.set_syntax(syntax);
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_fuel(Some(MOST_STEPS));
        python::add_to(&mut environment);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        add(&mut environment, NAME, source)?;
        let variables = named.iter().map(|(name, token)| (name.clone(), json!(token))).collect();
        Ok(Chat { environment, variables })
    }

    /// The prompt for one user message, up to where the assistant's reply begins. `kwargs` go before every other variable.
    ///
    /// # Errors
    /// Where the template itself raises one, or uses what does not exist.
    pub(super) fn render_user(&self, text: &str, kwargs: &Map<String, serde_json::Value>) -> Result<String> {
        let mut variables = self.variables(json!([{"role": "user", "content": text}]), json!(null));
        variables.extend(kwargs.clone());
        self.render(NAME, variables)
    }

    /// The prompt for whole `messages`, with `tools` that the model may call.
    ///
    /// # Errors
    /// As [`render_user`](Self::render_user).
    pub(super) fn render_messages(
        &self,
        messages: serde_json::Value,
        tools: Option<serde_json::Value>,
    ) -> Result<String> {
        let name = match tools {
            Some(_) if self.environment.get_template(WITH_TOOLS).is_ok() => WITH_TOOLS,
            _ => NAME,
        };
        self.render(name, self.variables(messages, tools.unwrap_or_default()))
    }

    fn variables(&self, messages: serde_json::Value, tools: serde_json::Value) -> Map<String, serde_json::Value> {
        let mut variables = self.variables.clone();
        variables.insert("messages".into(), messages);
        variables.insert("add_generation_prompt".into(), json!(true));
        variables.insert("tools".into(), tools);
        variables.insert("documents".into(), json!(null));
        variables
    }

    fn render(&self, name: &str, variables: Map<String, serde_json::Value>) -> Result<String> {
        let mut text = Limited(Vec::new());
        let template = self.environment.get_template(name).map_err(wrong)?;
        watched(|| template.render_captured_to(Serde(variables), &mut text)).map_err(wrong)?;
        String::from_utf8(text.0).map_err(|cause| Error::new(format!("the chat template failed: {cause}")))
    }
}

/// The sources of all templates by name, from the first place that has any: files of their own, the configuration, a
/// processor.
fn sources(files: &Files) -> Vec<(String, String)> {
    if !files.templates.is_empty() {
        return files.templates.clone();
    }
    let named = |name: &str, source: &serde_json::Value| Some((name.to_owned(), source.as_str()?.to_owned()));
    let configured = files.config.get("chat_template").filter(|template| !template.is_null());
    match configured.or(files.processor_template.as_ref()) {
        Some(source @ serde_json::Value::String(_)) => named("default", source).into_iter().collect(),
        Some(serde_json::Value::Array(list)) => {
            list.iter().filter_map(|one| named(one.get("name")?.as_str()?, one.get("template")?)).collect()
        }
        Some(serde_json::Value::Object(map)) => map.iter().filter_map(|(name, source)| named(name, source)).collect(),
        _ => Vec::new(),
    }
}

/// The source of the template to use for a conversation without tools.
fn default(sources: &[(String, String)]) -> Result<String> {
    if sources.is_empty() {
        return Err(Error::new("the tokenizer has no chat template")
            .hint("use `--skip-chat-template` to send prompts as they are"));
    }
    if let Some((_, source)) = sources.iter().find(|(name, _)| name == "default") {
        return Ok(source.clone());
    }
    let names: Vec<&str> = sources.iter().map(|(name, _)| &**name).collect();
    Err(Error::new(format!("none of the tokenizer's chat templates is the default: `{}`", names.join("`, `"))))
}

/// Adds a template to the environment. Whatever a source piles up, such as a thousand signs before one number, is gone through by as
/// many calls within each other, for which there is room on the stack of a thread.
fn add(environment: &mut Environment<'static>, name: &'static str, source: &str) -> Result<()> {
    if source.len() > LONGEST {
        return Err(Error::new(format!("a chat template has more than {} KiB", LONGEST >> 10)));
    }
    let source = pass_generation_through(source);
    let compiled = contained(LONGEST * STACK, || environment.add_template_owned(name, source));
    compiled.map_err(|error| error.context("the chat template failed"))?.map_err(wrong)
}

/// Turns the block tags `generation` and `endgeneration`, which mark what a model wrote and change no text, into a block that
/// is always taken, with the same trimming of blanks.
fn pass_generation_through(source: &str) -> String {
    // Jinja2 reads all ends of lines as one kind.
    let source = &source.replace("\r\n", "\n").replace('\r', "\n");
    let mut out = String::with_capacity(source.len());
    let mut rest = source.as_str();
    while let Some(start) = rest.find("{%") {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        // An end that shares its sign with the beginning is none.
        let Some(end) = rest[2..].find("%}").map(|end| end + 2) else { break };
        let tag = &rest[2..end];
        match tag.trim_matches(['-', '+']).trim() {
            "generation" => out.push_str(&format!("{{%{}%}}", tag.replacen("generation", "if true", 1))),
            "endgeneration" => out.push_str(&format!("{{%{}%}}", tag.replacen("endgeneration", "endif", 1))),
            _ => {
                // Only past the opening mark: what looks like a tag here may be text that has a tag inside.
                out.push_str("{%");
                rest = &rest[2..];
                continue;
            }
        }
        rest = &rest[end + 2..];
    }
    out.push_str(rest);
    out
}

fn raise_exception(message: String) -> Result<Value, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
}

fn strftime_now(format: &str) -> Result<String, minijinja::Error> {
    jiff::fmt::strtime::format(format, &jiff::Zoned::now())
        .map_err(|cause| minijinja::Error::new(ErrorKind::InvalidOperation, format!("cannot write the time: {cause}")))
}

fn wrong(cause: minijinja::Error) -> Error {
    Error::new(format!("the chat template failed: {}", net::causes(&cause)))
}

#[cfg(test)]
#[path = "chat_test.rs"]
mod tests;
