//! Folders for `tests/reference/lm_roundtrip.py`, which loads them with
//! transformers and PEFT and compares the logits.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do")]

use std::path::{Path, PathBuf};

use idl_lm::{CausalLm, LoadOptions, LoraConfig};
use serde_json::json;
use tch::{Kind, Tensor};

const IDS: [i64; 14] = [1, 5, 9, 30, 5, 9, 17, 3, 3, 21, 8, 28, 14, 6];

fn logits(model: &CausalLm) -> Vec<f32> {
    let hidden = model.forward(&Tensor::from_slice(&IDS).unsqueeze(0), None, None).unwrap();
    let logits = model.logits(&hidden).unwrap().to_kind(Kind::Float);
    logits.flatten(0, -1).try_into().unwrap()
}

#[test]
#[ignore = "writes for tests/reference/lm_roundtrip.py, which runs it"]
fn write_for_python() {
    let Some(out) = std::env::var_os("IDL_LM_ROUNDTRIP").map(PathBuf::from) else { return };
    let family = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/family");
    let mut written = Vec::new();
    for name in ["llama3_shards", "llama_linear_biases", "mistral_window", "qwen2_window", "qwen2"]
    {
        for (kind, rslora) in [(Kind::Float, false), (Kind::Float, true), (Kind::BFloat16, true)] {
            let options = LoadOptions { kind, ..LoadOptions::default() };
            let mut model = CausalLm::from_dir(&family.join(name), options).unwrap();
            let targets = ["q_proj", "k_proj", "model.layers.1.mlp.down_proj", "up_proj"];
            let config = LoraConfig {
                r: 3,
                alpha: 5.0,
                use_rslora: rslora,
                dropout: 0.1,
                target_modules: targets.map(str::to_owned).to_vec(),
            };
            model.add_adapter("a", &config, 5).unwrap();
            tch::manual_seed(3);
            for (_, mut p) in model.adapter_parameters("a").unwrap() {
                p.copy_(&(p.randn_like() * 0.3));
            }
            let base = logits(&model);
            model.set_active(Some("a")).unwrap();
            let adapted = logits(&model);
            let folder = out.join(format!("{name}-{kind:?}-{rslora}"));
            model.save(&folder.join("base"), 6000).unwrap();
            model.save_adapter("a", &folder.join("adapter"), "base").unwrap();
            model.merge_adapter("a").unwrap();
            let merged = logits(&model);
            model.save(&folder.join("merged"), usize::MAX).unwrap();
            written.push(json!({"folder": folder, "half": kind != Kind::Float, "ids": IDS,
                "base": base, "adapted": adapted, "merged": merged}));
        }
    }
    std::fs::write(out.join("written.json"), json!(written).to_string()).unwrap();
}
