use super::*;

fn rendered(source: &str) -> Result<String, Error> {
    let mut environment = Environment::new();
    add_to(&mut environment);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment.render_str(source, ())
}

/// Templates and what Jinja2 3.1 makes of them, with transformers' `tojson`.
#[test]
fn what_templates_use_is_as_jinja2_has_it() {
    let vectors: Vec<(String, String)> = serde_json::from_str(include_str!("jinja2.json")).unwrap();
    let mut wrong = Vec::new();
    for (source, expected) in &vectors {
        match rendered(source) {
            Ok(found) if found == *expected => {}
            found => wrong.push(format!("{source}\n  {found:?}\n  {expected:?}")),
        }
    }
    assert!(wrong.is_empty() && vectors.len() > 20, "{}", wrong.join("\n"));
}

#[test]
fn what_would_take_all_memory_is_refused() {
    for source in [
        "{{ [1] | tojson(indent=9000000000) }}",
        "{{ [1] | tojson(indent=-1) }}",
        "{{ 'a'.ljust(9000000000) }}",
        "{{ 'a'.zfill(9000000000) }}",
        "{{ 'a' | center(9000000000) }}",
        "{% set n = namespace(l=[1]) %}{% for i in range(60) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l | tojson }}",
        "{% set n = namespace(l=[1]) %}{% for i in range(400) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l | tojson }}",
        "{% set n = namespace(l=[1]) %}{% for i in range(400) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l }}",
        "{{ range(90000) | list | tojson(indent='x' * 9000) }}",
        "{{ 'a' | indent(9000000000) }}",
        "{{ ('a\n' * 90000) | indent('x' * 9000) }}",
        "{{ ('a\n' * 90000) | indent(90000) }}",
    ] {
        assert!(rendered(source).is_err(), "{source}");
    }
}

#[test]
fn arguments_that_tojson_has_not_are_refused() {
    for source in ["{{ 1 | tojson(colour=1) }}", "{{ 1 | tojson(1, 2, 3, 4, 5) }}", "{{ 1 | tojson(separators=[1]) }}"]
    {
        assert!(rendered(source).is_err(), "{source}");
    }
}
