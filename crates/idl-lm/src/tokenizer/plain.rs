//! The rendering for models without a template, or with one that refuses a
//! person's sessions.

use std::fmt::Write;

/// See [`Rendering::Plain`](super::Rendering::Plain).
pub(super) fn render(
    messages: &[(&str, &str)],
    add_generation_prompt: bool,
    bos: &str,
    eos: &str,
) -> String {
    let mut text = bos.to_owned();
    for (role, content) in messages {
        let end = if *role == "assistant" { eos } else { "" };
        // Writing to a string does not fail.
        let _ = writeln!(text, "{role}: {content}{end}");
    }
    if add_generation_prompt {
        text.push_str("assistant:");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_begins_its_conversation() {
        let messages =
            [("system", "Be kind."), ("user", "hi"), ("user", "there?"), ("assistant", "yes")];
        let prompt = render(&messages[..3], true, "<s>", "</s>");
        assert_eq!(prompt, "<s>system: Be kind.\nuser: hi\nuser: there?\nassistant:");
        let whole = render(&messages, false, "<s>", "</s>");
        assert_eq!(whole, format!("{prompt} yes</s>\n"));
    }
}
