//! What is damaged or of another kind is refused with the file and the reason,
//! and with nothing half loaded.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::fs;
use std::path::{Path, PathBuf};

use idl::lm::{CausalLm, ChatTokenizer, Error, LoadOptions, LoraConfig};
use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A copy of `from` to be spoilt.
fn copy(from: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(root().join(from)).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
    }
    dir
}

fn tiny() -> TempDir {
    copy("crates/idl-lm/tests/data/full_untied")
}

fn mini_llama_tokenizer() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["tokenizer.json", "tokenizer_config.json"] {
        let from = root().join("examples/assets/mini-llama").join(name);
        fs::copy(from, dir.path().join(name)).unwrap();
    }
    dir
}

/// The error and what caused it, as a program prints them.
fn whole(error: &dyn std::error::Error) -> String {
    std::iter::successors(Some(error), |e| e.source())
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

/// One line that names the file and says why.
#[track_caller]
fn assert_names<T>(result: Result<T, Error>, file: &Path, why: &str) {
    let Err(error) = result else { panic!("{} was taken", file.display()) };
    let text = whole(&error);
    assert!(text.contains(&file.display().to_string()), "no file: {text}");
    assert!(text.contains(why), "no {why:?}: {text}");
    assert!(!text.contains('\n'), "{text}");
}

#[track_caller]
fn assert_model_refused(dir: &Path, file: &str, why: &str) {
    assert_names(CausalLm::from_dir(dir, LoadOptions::default()), &dir.join(file), why);
}

fn change_json(path: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let mut json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    change(&mut json);
    fs::write(path, json.to_string()).unwrap();
}

fn truncate(path: &Path, keep: impl Fn(usize) -> usize) {
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..keep(bytes.len())]).unwrap();
}

#[test]
fn a_missing_folder_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let absent = dir.path().join("absent");
    assert_model_refused(&absent, "config.json", "No such file");
    assert_names(ChatTokenizer::from_dir(&absent), &absent.join("tokenizer.json"), "No such file");
    let file = dir.path().join("file");
    fs::write(&file, "not a folder").unwrap();
    assert_model_refused(&file, "config.json", "Not a directory");
}

#[test]
fn a_copy_that_is_not_spoilt_loads() {
    CausalLm::from_dir(tiny().path(), LoadOptions::default()).unwrap();
    ChatTokenizer::from_dir(mini_llama_tokenizer().path()).unwrap();
}

#[test]
fn weights_that_were_cut_off_are_damaged() {
    type Keep = fn(usize) -> usize;
    let cuts: [(Keep, &str); 4] = [
        (|_| 0, "0 bytes"),
        (|_| 100, "header"),
        (|n| n - 1, "truncated"),
        (|n| n / 2, "truncated"),
    ];
    for (keep, why) in cuts {
        let dir = tiny();
        truncate(&dir.path().join("model.safetensors"), keep);
        assert_model_refused(dir.path(), "model.safetensors", why);
    }
    let dir = tiny();
    fs::remove_file(dir.path().join("model.safetensors")).unwrap();
    assert_model_refused(dir.path(), "model.safetensors", "No such file");
    let dir = tiny();
    fs::write(dir.path().join("model.safetensors"), "<html>moved permanently</html>").unwrap();
    assert_model_refused(dir.path(), "model.safetensors", "safetensors");
}

#[test]
fn another_architecture_is_refused_by_its_name() {
    let dir = tiny();
    let gpt2 = r#"{"model_type": "gpt2", "n_embd": 16, "n_layer": 2, "vocab_size": 32}"#;
    fs::write(dir.path().join("config.json"), gpt2).unwrap();
    assert_model_refused(dir.path(), "config.json", "gpt2");
    assert_model_refused(dir.path(), "config.json", "llama");
}

#[test]
fn a_configuration_that_does_not_fit_its_weights_names_the_tensors() {
    let dir = tiny();
    let config = dir.path().join("config.json");
    change_json(&config, |c| c["vocab_size"] = 33.into());
    assert_model_refused(dir.path(), "model.safetensors", "model.embed_tokens.weight is [32, 16]");
    let dir = tiny();
    change_json(&dir.path().join("config.json"), |c| c["num_hidden_layers"] = 3.into());
    assert_model_refused(dir.path(), "model.safetensors", "missing: model.layers.2.");
    let dir = tiny();
    change_json(&dir.path().join("config.json"), |c| c["num_hidden_layers"] = 1.into());
    assert_model_refused(dir.path(), "model.safetensors", "extra: model.layers.1.");
    let dir = tiny();
    fs::write(dir.path().join("config.json"), "{\"model_type\": \"llama\",\n oops").unwrap();
    assert_model_refused(dir.path(), "config.json", "line 2");
    let dir = tiny();
    change_json(&dir.path().join("config.json"), |c| {
        c.as_object_mut().unwrap().remove("hidden_size").unwrap();
    });
    assert_model_refused(dir.path(), "config.json", "hidden_size");
}

#[test]
fn a_tokenizer_that_is_none_is_refused() {
    let dir = mini_llama_tokenizer();
    let file = dir.path().join("tokenizer.json");
    for text in ["", "no json", "{}", "[1, 2]"] {
        fs::write(&file, text).unwrap();
        assert_names(ChatTokenizer::from_dir(dir.path()), &file, "tokenizer");
    }
    let dir = mini_llama_tokenizer();
    let file = dir.path().join("tokenizer.json");
    truncate(&file, |n| n / 2);
    assert_names(ChatTokenizer::from_dir(dir.path()), &file, "EOF");
}

#[test]
fn a_tokenizer_that_cannot_end_a_reply_or_write_a_chat_is_refused() {
    for (key, value, why) in [
        ("eos_token", serde_json::Value::Null, "eos_token"),
        ("chat_template", serde_json::Value::Null, "chat_template"),
        ("chat_template", 7.into(), "Templates"),
    ] {
        let dir = mini_llama_tokenizer();
        let file = dir.path().join("tokenizer_config.json");
        change_json(&file, |c| c[key] = value);
        assert_names(ChatTokenizer::from_dir(dir.path()), &file, why);
    }
    let dir = mini_llama_tokenizer();
    let file = dir.path().join("tokenizer_config.json");
    fs::write(&file, "{").unwrap();
    assert_names(ChatTokenizer::from_dir(dir.path()), &file, "line 1");
    fs::remove_file(&file).unwrap();
    assert_names(ChatTokenizer::from_dir(dir.path()), &file, "No such file");

    let dir = mini_llama_tokenizer();
    let file = dir.path().join("tokenizer_config.json");
    change_json(&file, |c| c["eos_token"] = "<|never|>".into());
    let error = ChatTokenizer::from_dir(dir.path()).unwrap_err();
    assert!(error.to_string().contains("<|never|>"), "{error}");
    let dir = mini_llama_tokenizer();
    let file = dir.path().join("tokenizer_config.json");
    change_json(&file, |c| c["chat_template"] = "{% for m in".into());
    let error = ChatTokenizer::from_dir(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Template(_)), "{error}");
}

#[test]
fn half_an_adapter_is_refused_and_the_one_in_memory_stays() {
    let dir = tiny();
    let mut model = CausalLm::from_dir(dir.path(), LoadOptions::default()).unwrap();
    model.add_adapter("a", &LoraConfig { r: 2, ..LoraConfig::default() }, 1).unwrap();
    let before: Vec<Vec<f32>> = floats(&model);
    type Spoil = fn(&Path);
    let spoilt: [(&str, Spoil, &str); 6] = [
        ("adapter_config.json", |f| fs::remove_file(f).unwrap(), "No such file"),
        ("adapter_config.json", |f| truncate(f, |n| n / 2), "EOF"),
        ("adapter_model.safetensors", |f| fs::remove_file(f).unwrap(), "No such file"),
        ("adapter_model.safetensors", |f| truncate(f, |n| n - 1), "truncated"),
        ("adapter_model.safetensors", |f| truncate(f, |_| 4), "less than a header"),
        ("adapter_config.json", |f| change_json(f, |c| c["use_dora"] = true.into()), "use_dora"),
    ];
    for (file, spoil, why) in spoilt {
        let adapter = copy("crates/idl-lm/tests/data/full_untied/adapter");
        model.load_adapter("good", adapter.path()).unwrap();
        let file = adapter.path().join(file);
        spoil(&file);
        assert_names(model.load_adapter("a", adapter.path()), &file, why);
        assert_eq!(floats(&model), before);
    }
    // The adapter of another model.
    let other = root().join("crates/idl-lm/tests/data/grouped_tied/adapter");
    assert_names(
        model.load_adapter("a", &other),
        &other.join("adapter_model.safetensors"),
        "tensors do not fit",
    );
}

fn floats(model: &CausalLm) -> Vec<Vec<f32>> {
    let parameters = model.adapter_parameters("a").unwrap();
    parameters.iter().map(|(_, t)| Vec::try_from(t.flatten(0, -1)).unwrap()).collect()
}
