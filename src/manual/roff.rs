//! Markdown to roff, as far as the topics use it: headings, paragraphs, lists, code, tables, and code or emphasis in a line.
//! In comes the text of a topic, out come sections of a manual page.

/// What a line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Nothing,
    Paragraph,
    Item,
    /// Code or a table, which stays as it is written.
    Kept,
}

/// The sections of a page that a text becomes: one for its title, and subsections below.
pub(super) fn sections(markdown: &str) -> String {
    let mut out = String::new();
    let mut block = Block::Nothing;
    // A paragraph or an item is gathered: code and emphasis may go on in its next line.
    let mut gathered: Vec<&str> = Vec::new();
    for line in markdown.lines() {
        let next = kind(line, block);
        if next != block || next == Block::Item && line.starts_with("- ") {
            close(block, &mut gathered, &mut out);
            open(next, &mut out);
        }
        block = next;
        match block {
            Block::Paragraph => gathered.push(line),
            Block::Item => gathered.push(line.strip_prefix("- ").unwrap_or(line).trim_start()),
            Block::Kept => push_line(&escaped(line.strip_prefix("    ").unwrap_or(line)), &mut out),
            Block::Nothing => heading(line, &mut out),
        }
    }
    close(block, &mut gathered, &mut out);
    out
}

/// What a line belongs to, where the one before belonged to `before`.
fn kind(line: &str, before: Block) -> Block {
    match before {
        Block::Paragraph | Block::Item if !line.is_empty() && !line.starts_with("- ") => before,
        _ if line.starts_with("    ") || line.starts_with('|') => Block::Kept,
        _ if line.starts_with("- ") => Block::Item,
        _ if line.is_empty() || line.starts_with('#') => Block::Nothing,
        _ => Block::Paragraph,
    }
}

fn open(block: Block, out: &mut String) {
    out.push_str(match block {
        Block::Nothing => "",
        Block::Paragraph => ".PP\n",
        Block::Item => ".IP \\(bu 2\n",
        Block::Kept => ".PP\n.nf\n",
    });
}

fn close(block: Block, gathered: &mut Vec<&str>, out: &mut String) {
    match block {
        Block::Nothing => {}
        Block::Paragraph | Block::Item => push_line(&styled(&std::mem::take(gathered).join(" ")), out),
        Block::Kept => out.push_str(".fi\n"),
    }
}

fn heading(line: &str, out: &mut String) {
    if let Some(title) = line.strip_prefix("# ") {
        out.push_str(&format!(".SH \"{}\"\n", escaped(&title.replace('`', "").to_uppercase())));
    } else if let Some(title) = line.strip_prefix("## ") {
        out.push_str(&format!(".SS \"{}\"\n", escaped(&title.replace('`', ""))));
    }
}

/// A line of text, which must not be taken for a request to roff.
fn push_line(line: &str, out: &mut String) {
    if line.starts_with(['.', '\'']) {
        out.push_str("\\&");
    }
    out.push_str(line);
    out.push('\n');
}

/// Characters that mean something to roff, or that it would print as others.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '"' => out.push_str("\\(dq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            other => out.push(other),
        }
    }
    out
}

/// Text with code in bold and emphasis in italics.
fn styled(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 {
            out.push_str(&format!("\\fB{}\\fR", escaped(part)));
            continue;
        }
        for (index, part) in part.split('*').enumerate() {
            match index % 2 {
                1 => out.push_str(&format!("\\fI{}\\fR", escaped(part))),
                _ => out.push_str(&escaped(part)),
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_block_becomes_its_request() {
        let markdown = "\
# Exit `status`

Text with `--code
a` and *stress*:
on.

    serve --x 'y' \\
      z

- one,
  still one
- two

## More
| a | b |
| - | - |
.dot
";
        let expected = "\
.SH \"EXIT STATUS\"
.PP
Text with \\fB\\-\\-code a\\fR and \\fIstress\\fR: on.
.PP
.nf
serve \\-\\-x \\(aqy\\(aq \\e
  z
.fi
.IP \\(bu 2
one, still one
.IP \\(bu 2
two
.SS \"More\"
.PP
.nf
| a | b |
| \\- | \\- |
.fi
.PP
\\&.dot
";
        assert_eq!(sections(markdown), expected);
    }

    #[test]
    fn code_that_ends_a_text_is_closed() {
        assert_eq!(sections("    a"), ".PP\n.nf\na\n.fi\n");
    }
}
