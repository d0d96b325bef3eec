//! The documented examples of context swapping, on the real engine.

#![cfg(feature = "llama")]

mod llama_common;

use std::sync::Arc;

use llama_common::config;
use llama_rs_core::error::Result;
use llama_rs_core::llama::LlamaLoader;
use llama_rs_core::manager::ModelManager;
use llama_rs_core::protocol::{GenerateOptions, ModelConfig};
use llama_rs_core::swapping::{Llama, LlamaParent, LlamaScope};

fn manager() -> ModelManager {
    ModelManager::new(Arc::new(LlamaLoader))
}

fn slots(slots: u32) -> ModelConfig {
    ModelConfig { max_resident: Some(slots), ..config() }
}

fn greedy() -> GenerateOptions {
    GenerateOptions { temperature: Some(0.0), ..GenerateOptions::default() }
}

fn ask(scope: &LlamaScope<'_>, text: &str) -> Result<String> {
    scope.send_prompt_with(text, greedy(), |_| {})
}

fn answer(llama: &mut Llama<'_>, slot: &str, text: &str) -> Result<String> {
    llama.set_slot(slot)?;
    llama.set_prompt(text)?;
    llama.generate_complete_text_with(greedy(), |_| {})
}

#[test]
fn two_windows_remember_each_its_own() -> Result<()> {
    let manager = manager();
    let parent = LlamaParent::new(&manager, slots(4));
    parent.init()?;
    let chat_window_a = parent.get_scope(None);
    let chat_window_b = parent.get_scope(None);
    ask(&chat_window_a, "My name is Alice")?;
    ask(&chat_window_b, "My name is Bob")?;
    assert_eq!(ask(&chat_window_a, "What is my name?")?, "Your name is Alice.");
    assert_eq!(ask(&chat_window_b, "What is my name?")?, "Your name is Bob.");
    chat_window_a.dispose()?;
    parent.dispose()
}

#[test]
fn slots_are_created_set_and_freed() -> Result<()> {
    let manager = manager();
    let mut llama = Llama::new(&manager, slots(4))?;
    llama.create_slot("user_1")?;
    answer(&mut llama, "user_1", "My name is Alice")?;
    llama.create_slot("user_2")?;
    answer(&mut llama, "user_2", "My name is Bob")?;
    assert_eq!(answer(&mut llama, "user_1", "What is my name?")?, "Your name is Alice.");
    assert_eq!(answer(&mut llama, "user_2", "What is my name?")?, "Your name is Bob.");
    llama.free_slot("user_1")?;
    llama.dispose()
}

#[test]
fn a_frozen_conversation_goes_on_in_another_slot() -> Result<()> {
    let manager = manager();
    let mut llama = Llama::new(&manager, slots(1))?;
    llama.create_slot("user_a")?;
    answer(&mut llama, "user_a", "My name is Alice")?;
    let frozen_state = llama.save_state()?;
    llama.free_slot("user_a")?;

    llama.create_slot("user_b")?;
    answer(&mut llama, "user_b", "My name is Bob")?;

    llama.create_slot("user_a")?;
    llama.set_slot("user_a")?;
    llama.load_state(&frozen_state)?;
    assert_eq!(answer(&mut llama, "user_a", "What is my name?")?, "Your name is Alice.");
    llama.load_state(&frozen_state)?;
    assert_eq!(
        answer(&mut llama, "user_a", "What is my name?")?,
        "Your name is Alice.",
        "loading it takes nothing from it"
    );
    Ok(())
}

#[test]
fn more_users_than_slots_are_all_remembered() -> Result<()> {
    let names = ["Alice", "Bob", "Carol", "David", "Emma", "Frank", "Grace", "Henry"];
    let manager = manager();
    let mut llama = Llama::new(&manager, slots(2))?;
    for name in names {
        llama.create_slot(name)?;
        answer(&mut llama, name, &format!("My name is {name}"))?;
    }
    for name in names {
        assert_eq!(answer(&mut llama, name, "What is my name?")?, format!("Your name is {name}."));
    }
    Ok(())
}
