//! Pictures and sound on the wire: where they stand in a body, and what becomes of them where a backend has no place for them.

use std::fs;
use std::io::Cursor;

use serde_json::{Value, json};

use crate::command::{Llmbench, Outcome};
use crate::server::{Cut, End, Request, Script, Server};
use crate::stream::{Dialect, answer, stream};

/// A server that chats, and has a picture at `/pic.png`.
fn server() -> Server {
    let mut png = Cursor::new(Vec::new());
    image::RgbImage::new(3, 2).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let png = png.into_inner();
    Server::start(Cut::Whole, move |request: &Request| {
        if request.target != "/pic.png" {
            return stream(&answer(Dialect::Chat, 2));
        }
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", png.len());
        Script { steps: vec![(0, [head.into_bytes(), png.clone()].concat())], end: End::Keep }
    })
}

/// The contents of the messages that went out, in the order of the plan, and what was told.
fn contents(server: &Server, llmbench: Llmbench) -> (Vec<Value>, Outcome) {
    let outcome = llmbench.args(["--max-concurrency", "1", "--backend", "openai-chat"]).run();
    assert_eq!(outcome.status, Some(0), "{}", outcome.stderr);
    let chats = server.requests().into_iter().filter(|request| request.method == "POST");
    (chats.map(|request| request.json()["messages"][0]["content"].clone()).collect(), outcome)
}

#[test]
fn drawn_pictures_and_videos_follow_the_text() {
    let made = || {
        let server = server();
        let line = "--dataset-name random-mm --random-mm-base-items-per-request 2 --seed 3 --num-prompts 6
            --random-mm-bucket-config {(16,24,1):0.6,(16,16,2):0.4}";
        let contents = contents(&server, Llmbench::serve(&server).arg_line(line)).0;
        assert_eq!(server.requests()[0].json()["ignore_eos"], true);
        contents
    };
    let once = made();
    assert_eq!(once.len(), 6);
    for content in &once {
        let types: Vec<&str> = content.as_array().unwrap().iter().map(|part| part["type"].as_str().unwrap()).collect();
        assert!(
            types.len() == 3 && types[0] == "text" && types[1..].iter().all(|kind| kind.ends_with("_url")),
            "{types:?}"
        );
        assert!(content.to_string().contains("data:image/jpeg;base64,/9j/"));
    }
    assert!(once.iter().any(|content| content.to_string().contains("data:video/mp4;base64,")));
    assert_eq!(once, made(), "the same seed draws the same");
}

#[test]
fn pictures_of_the_users_own_go_out_as_places_or_as_data() {
    let server = server();
    let place = format!("{}/pic.png", server.url());
    let serve = |flags: &str| {
        let llmbench = Llmbench::serve(&server).arg_line("--dataset-name custom_image --dataset-path a.jsonl");
        let line = json!({"prompt": "look", "image_files": [place]});
        fs::write(llmbench.dir().join("a.jsonl"), line.to_string()).unwrap();
        contents(&server, llmbench.arg_line(flags).arg_line("--num-prompts 1")).0.pop().unwrap()
    };
    let text = json!({"type": "text", "text": "look"});
    assert_eq!(serve(""), json!([text, {"type": "image_url", "image_url": {"url": place}}]));
    let embedded = serve("--custom-ensure-client-side-data --enable-multimodal-chat");
    assert_eq!(embedded[0], text);
    let url = embedded[1]["image_url"]["url"].as_str().unwrap();
    assert!(url.starts_with("data:image/png;base64,iVBOR"), "{url}");
}

#[test]
fn sound_goes_into_the_message_of_a_chat() {
    let server = server();
    let llmbench =
        Llmbench::serve(&server).arg_line("--dataset-name custom_audio --dataset-path a.jsonl --num-prompts 1");
    let line = json!({"prompt": "listen", "audio": {"array": [0.0, 0.5], "sampling_rate": 8000}});
    fs::write(llmbench.dir().join("a.jsonl"), line.to_string()).unwrap();
    let (contents, outcome) = contents(&server, llmbench);
    assert_eq!(contents[0][0], json!({"type": "text", "text": "listen"}));
    assert_eq!(contents[0][1]["input_audio"]["format"], "wav");
    assert!(contents[0][1]["input_audio"]["data"].as_str().unwrap().starts_with("UklGR"));
    assert!(outcome.stderr.contains("sound goes into the messages"), "{}", outcome.stderr);
}

#[test]
fn what_a_backend_has_no_place_for_is_refused_before_anything_is_sent() {
    let server = server();
    for dataset in ["random-mm", "custom_image --dataset-path a.jsonl", "custom_audio --dataset-path a.jsonl"] {
        let outcome = Llmbench::serve(&server).arg_line(&format!("--dataset-name {dataset}")).run();
        assert_eq!(outcome.status, Some(2));
        assert!(outcome.stderr.contains(", which backend `openai` does not send"), "{}", outcome.stderr);
        assert!(outcome.stderr.contains("hint: use `--backend openai-"), "{}", outcome.stderr);
    }
    assert!(server.requests().is_empty());
}
