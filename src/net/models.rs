//! Which model a server has.

use serde_json::Value;

use super::{Client, advice};
use crate::error::{Error, Result};

/// A model as a server lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// What requests call it.
    pub name: String,
    /// What it is, where the server tells (vLLM's `root`); else its name.
    pub id: String,
}

/// The first model that the server lists at `/v1/models`.
///
/// # Errors
/// If the server cannot be reached or lists no model.
pub fn first_model(calls: &Client) -> Result<Model> {
    let list = calls.get("/v1/models");
    let list = list.and_then(|list| first(&list).ok_or_else(|| Error::new("there is none")));
    list.map_err(|cause| {
        let hint = advice(&cause.to_string());
        let cause = cause.context(format!("cannot find a model at `{}`", calls.url("/v1/models")));
        cause.hint(
            hint.unwrap_or("check that the server runs and that the URL is right, or name the model with --model"),
        )
    })
}

fn first(list: &Value) -> Option<Model> {
    // Some gateways give the bare list.
    let model = list.get("data").unwrap_or(list).as_array()?.first()?;
    let name = model.get("id")?.as_str()?.to_string();
    let id = model.get("root").and_then(Value::as_str).unwrap_or(&name).to_string();
    Some(Model { name, id })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_root_is_the_id_where_there_is_one() {
        let vllm = json!({"data": [{"id": "tiny", "root": "models/tiny"}, {"id": "b"}]});
        assert_eq!(first(&vllm), Some(Model { name: "tiny".into(), id: "models/tiny".into() }));
        for other in [json!({"data": [{"id": "tiny"}]}), json!([{"id": "tiny", "object": "model"}])] {
            assert_eq!(first(&other), Some(Model { name: "tiny".into(), id: "tiny".into() }));
        }
    }

    #[test]
    fn a_list_without_models_has_none() {
        for list in [json!({"data": []}), json!({}), json!({"data": [{}]}), json!([]), json!({"data": {}})] {
            assert_eq!(first(&list), None);
        }
    }
}
