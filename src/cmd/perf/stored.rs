//! What `benchmark_args.json` holds: the flags as a point has them, under EvalScope's keys and in its order.

use crate::json::Value;

/// EvalScope's keys, in order.
const KEYS: [&str; 81] = [
    "model",
    "model_id",
    "attn_implementation",
    "api",
    "tokenizer_path",
    "port",
    "url",
    "headers",
    "connect_timeout",
    "read_timeout",
    "total_timeout",
    "api_key",
    "no_test_connection",
    "scenario",
    "number",
    "parallel",
    "rate",
    "warmup_num",
    "enable_pd_metrics",
    "open_loop",
    "sleep_interval",
    "duration",
    "sla_auto_tune",
    "sla_variable",
    "sla_params",
    "sla_num_runs",
    "sla_upper_bound",
    "sla_lower_bound",
    "sla_fixed_parallel",
    "sla_number_multiplier",
    "db_commit_interval",
    "queue_size_multiplier",
    "in_flight_task_multiplier",
    "num_workers",
    "log_every_n_query",
    "debug",
    "enable_progress_tracker",
    "visualizer",
    "wandb_api_key",
    "swanlab_api_key",
    "swanlab_host",
    "name",
    "alias",
    "outputs_dir",
    "no_timestamp",
    "max_prompt_length",
    "min_prompt_length",
    "prefix_length",
    "prefix_count",
    "prompt",
    "query_template",
    "apply_chat_template",
    "image_width",
    "image_height",
    "image_format",
    "image_num",
    "image_patch_size",
    "dataset",
    "dataset_path",
    "data_source",
    "dataset_offset",
    "dataset_args",
    "frequency_penalty",
    "repetition_penalty",
    "logprobs",
    "max_tokens",
    "min_tokens",
    "n_choices",
    "seed",
    "stop",
    "stop_token_ids",
    "stream",
    "temperature",
    "top_p",
    "top_k",
    "extra_args",
    "tokenize_prompt",
    "multi_turn",
    "min_turns",
    "max_turns",
    "multi_turn_args",
];

/// What EvalScope stores of flags that are not given and have no default here.
fn usual(key: &str) -> Value {
    match key {
        "sla_variable" => Value::Text("parallel".into()),
        "sla_num_runs" => Value::Int(3),
        "sla_upper_bound" => Value::Int(65_536),
        "sla_lower_bound" => Value::Int(1),
        "db_commit_interval" => Value::Int(1000),
        "queue_size_multiplier" => Value::Int(5),
        "in_flight_task_multiplier" => Value::Int(2),
        "num_workers" => Value::Int(0),
        "log_every_n_query" => Value::Int(100),
        "headers" => Value::Object(Vec::new()),
        _ => Value::Null,
    }
}

/// The flags of a point: `settled` as they came to be in it, else as they were given. EvalScope's keys come first, ours behind them.
pub(super) fn stored(options: &[(String, Value)], settled: Vec<(&str, Value)>) -> Vec<(String, Value)> {
    let given = |key: &str| {
        let settled = settled.iter().find(|(known, _)| *known == key).map(|(_, value)| value);
        let option = || options.iter().find(|(known, _)| known == key).map(|(_, value)| value);
        settled.or_else(option).cloned()
    };
    let nothing =
        |value: &Value| matches!(value, Value::Null) || matches!(value, Value::List(items) if items.is_empty());
    let theirs = KEYS.map(|key| {
        let value = given(key).filter(|value| !nothing(value));
        (key.to_owned(), value.unwrap_or_else(|| usual(key)))
    });
    // The other half of a switch is told by the switch.
    let ours = options.iter().filter(|(key, _)| !KEYS.contains(&key.as_str()) && !key.starts_with("no_"));
    theirs.into_iter().chain(ours.cloned()).collect()
}

/// A number without a fraction where it has none.
pub(super) fn number(value: f64) -> Value {
    if value.fract() == 0.0 && (0.0..1e15).contains(&value) { Value::Int(value as u64) } else { Value::Float(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_point_settles_goes_over_what_was_given_and_ours_come_last() {
        let options = vec![
            ("insecure".to_owned(), Value::Bool(false)),
            ("number".to_owned(), Value::List(vec![Value::Text("10".into()), Value::Text("20".into())])),
            ("no_stream".to_owned(), Value::Bool(true)),
            ("sla_num_runs".to_owned(), Value::Null),
        ];
        let stored = stored(&options, vec![("number", Value::Int(20)), ("stream", Value::Bool(false))]);
        let of = |key: &str| stored.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
        assert_eq!(of("number"), Some(Value::Int(20)));
        assert_eq!(of("sla_num_runs"), Some(Value::Int(3)));
        assert_eq!((of("stream"), of("no_stream")), (Some(Value::Bool(false)), None));
        assert_eq!(stored.last().map(|(key, _)| key.as_str()), Some("insecure"));
        assert_eq!(stored.len(), KEYS.len() + 1);
    }

    #[test]
    fn a_whole_number_has_no_fraction() {
        assert_eq!(
            (number(21_600.0), number(0.5), number(-1.0)),
            (Value::Int(21_600), Value::Float(0.5), Value::Float(-1.0))
        );
    }
}
