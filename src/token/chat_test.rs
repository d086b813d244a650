use super::*;

fn render(source: &str, text: &str) -> String {
    let named = [("bos_token".to_owned(), "<s>".to_owned())];
    Chat::compile(source, &named).unwrap().render_user(text, &Map::new()).unwrap()
}

fn files(config: serde_json::Value) -> Files {
    let serde_json::Value::Object(config) = config else { panic!("an object") };
    Files { config, ..Files::default() }
}

#[test]
fn a_template_sees_the_message_and_the_special_tokens() {
    let source = "{{ bos_token }}{% for m in messages %}[{{ m.role }}] {{ m['content'] }}{% endfor %}{{ eos_token }}";
    assert_eq!(render(source, "a < b & \"c\""), "<s>[user] a < b & \"c\"");
}

#[test]
fn blocks_take_their_line_with_them() {
    assert_eq!(render("a\n    {% if true %}\n  b\n    {% endif %}\nc\n", ""), "a\n  b\nc");
}

#[test]
fn loops_can_be_left_early() {
    assert_eq!(
        render(
            "{% for i in range(9) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}",
            ""
        ),
        "02"
    );
}

#[test]
fn strings_have_the_methods_of_python() {
    assert_eq!(render("{{ messages[0].content.strip().upper().split('-')[-1] }}", " a-b "), "B");
    assert_eq!(render("{{ messages[::-1][0].content.startswith('x') }}", "xy"), "True");
}

#[test]
fn generation_blocks_change_no_text() {
    assert_eq!(render("a {%- generation -%} b {% endgeneration %}\nc", ""), "ab c");
    assert_eq!(render("{% generation %}\n{% if true %}x{% endif %}{%endgeneration%}", ""), "x");
}

#[test]
fn json_is_written_as_python_does() {
    assert_eq!(render("{{ {'a': [1, 'é<&>', none], 'b': {}} | tojson }}", ""), r#"{"a": [1, "é<&>", null], "b": {}}"#);
    assert_eq!(render("{{ [1, {'a': 2}] | tojson(indent=2) }}", ""), "[\n  1,\n  {\n    \"a\": 2\n  }\n]");
}

#[test]
fn values_are_written_as_python_does() {
    assert_eq!(render("{{ true }} {{ none }} {{ nothing }}.", ""), "True None .");
}

#[test]
fn an_exception_of_the_template_is_the_error() {
    let chat = Chat::compile("{{ raise_exception('only tools, please') }}", &[]).unwrap();
    let error = chat.render_user("", &Map::new()).unwrap_err();
    assert!(error.to_string().contains("only tools, please"), "{error}");
}

#[test]
fn the_time_is_now() {
    assert_eq!(render("{{ strftime_now('%d %b %Y') }}", "").len(), "22 Nov 2026".len());
}

#[test]
fn arguments_go_before_every_variable() {
    let chat = Chat::compile("{{ bos_token }}{{ add_generation_prompt }}{{ enable_thinking }}", &[]).unwrap();
    let kwargs = json!({"bos_token": "B", "add_generation_prompt": false, "enable_thinking": false});
    assert_eq!(chat.render_user("", kwargs.as_object().unwrap()).unwrap(), "BFalseFalse");
}

#[test]
fn tools_and_documents_are_none() {
    assert_eq!(render("{{ tools is none }}{{ documents is none }}{% if tools %}x{% endif %}", ""), "TrueTrue");
}

#[test]
fn tools_have_a_template_of_their_own_where_there_is_one() {
    let rendered = |template: serde_json::Value, tools: Option<serde_json::Value>| {
        let chat = Chat::of(&files(json!({"chat_template": template})), &[]).unwrap();
        chat.render_messages(json!([{"role": "system", "content": "S"}, {"role": "user", "content": "U"}]), tools)
            .unwrap()
    };
    let plain = "{% for m in messages %}{{ m.content }}{% endfor %}{{ tools | tojson }}";
    assert_eq!(rendered(json!(plain), None), "SUnull");
    assert_eq!(rendered(json!(plain), Some(json!([{"a": 1}]))), r#"SU[{"a": 1}]"#);
    let both = json!({"default": plain, "tool_use": "{{ tools[0].a }}"});
    assert_eq!(rendered(both.clone(), None), "SUnull");
    assert_eq!(rendered(both, Some(json!([{"a": 1}]))), "1");
}

fn source(files: &Files) -> Result<String> {
    default(&sources(files))
}

#[test]
fn the_default_of_several_templates_is_used() {
    let list = json!([{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain"}]);
    assert_eq!(source(&files(json!({"chat_template": list}))).unwrap(), "plain");
    assert_eq!(source(&files(json!({"chat_template": {"default": "plain", "rag": "x"}}))).unwrap(), "plain");
    let error = source(&files(json!({"chat_template": [{"name": "rag", "template": "x"}]}))).unwrap_err();
    assert!(error.to_string().ends_with("default: `rag`"));
}

#[test]
fn a_template_file_goes_before_the_configuration() {
    let mut files = files(json!({"chat_template": "config"}));
    files.templates.push(("default".into(), "file".into()));
    assert_eq!(source(&files).unwrap(), "file");
}

#[test]
fn without_a_template_the_error_says_what_to_do() {
    assert!(source(&Files::default()).unwrap_err().advice().unwrap().contains("--skip-chat-template"));
}

#[test]
fn every_end_of_a_line_is_one() {
    assert_eq!(render("<|user|>\r\n{{ messages[0].content }}\r<|end|>\n", "Hi\r\n"), "<|user|>\nHi\r\n\n<|end|>");
}

#[test]
fn no_source_is_too_odd_to_be_read() {
    for source in ["{%}", "{%", "{%-}", "%}{%", "{%%}", "{{}}", "{#", "{% generation", "{% generation %}", "{%}%}"] {
        // An error is as good as a template.
        let _ = Chat::compile(source, &[]);
    }
}

#[test]
fn a_template_that_would_not_end_is_refused() {
    for source in [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
        "{% set ns = namespace(t='x') %}{% for a in range(99999) %}{% set ns.t = ns.t ~ ns.t %}{{ ns.t }}{% endfor %}",
    ] {
        let chat = Chat::compile(source, &[]).unwrap();
        assert!(chat.render_user("hi", &Map::new()).is_err(), "{source}");
    }
}

#[test]
fn a_template_that_writes_too_much_is_told_so() {
    let source = "{% set t = 'x' * 90000 %}{% for i in range(9000) %}{{ t }}{% endfor %}";
    let error = Chat::compile(source, &[]).unwrap().render_user("hi", &Map::new()).unwrap_err();
    assert!(error.to_string().contains("it writes more than 256 MiB"), "{error}");
}

#[test]
fn what_a_source_piles_up_is_compiled_or_refused() {
    let pile = |before: &str, one: &str, after: &str| {
        format!("{before}{}{after}", one.repeat((LONGEST - before.len() - after.len()) / one.len()))
    };
    let prefixes = ["-", "not ", "(", "[", "{1:"].map(|one| pile("{{ ", one, "1 }}"));
    let chains = ["|abs", "~1", "+1", "**1", "<1", ".a", "[0]", "()", " is b", " and b", " if 1 else 1"];
    let chains = chains.map(|one| pile("{{ 1", one, " }}"));
    let blocks =
        ["{% if a %}", "{% for a in b %}", "{% set a %}", "{% generation %}", "{% macro a() %}", "{{", "{%", "{#"];
    let blocks = blocks.map(|one| pile("", one, ""));
    let all =
        prefixes.into_iter().chain(chains).chain(blocks).chain([pile("{% if a %}", "{% elif a %}", "{% endif %}")]);
    for source in all {
        // An error is as good as a template: the process lives.
        let _ = Chat::compile(&source, &[]).map(|chat| chat.render_user("hi", &Map::new()));
    }
    let error = Chat::compile(&"-".repeat(LONGEST + 1), &[]).unwrap_err();
    assert_eq!(error.to_string(), "a chat template has more than 64 KiB");
}

#[test]
fn widths_without_end_are_refused() {
    for source in
        ["{{ 'a'|indent(1000000000000, true) }}", "{{ 'a'|indent(width=1000000000000) }}", "{{ 'a'.ljust(10**12) }}"]
    {
        let error = Chat::compile(source, &[]).unwrap().render_user("hi", &Map::new()).unwrap_err();
        assert!(error.to_string().contains("100000"), "{error}");
    }
    assert_eq!(render("{{ 'a\nb'|indent(2) }} {{ 'a\nb'|indent(width=1, first=true) }}", ""), "a\n  b  a\n b");
}

#[test]
fn a_template_of_the_processor_counts_where_the_configuration_has_none() {
    let processor = Files { processor_template: Some(json!("p")), ..files(json!({"chat_template": null})) };
    assert_eq!(Chat::of(&processor, &[]).unwrap().render_user("hi", &Map::new()).unwrap(), "p");
}

#[test]
fn texts_are_escaped_as_markupsafe_does() {
    assert_eq!(render("{{ '<a href=\"x\">&\\'/'|e }}", ""), "&lt;a href=&#34;x&#34;&gt;&amp;&#39;/");
    assert_eq!(render("{{ 5|escape }}{{ none|e }}", ""), "5None");
}
