//! Every session once, in windows: what plain text is measured on.

use idl_dialogue::Person;
use idl_train::Example;

use crate::document::Window;
use crate::error::Result;
use crate::mixture::DocumentKind;
use crate::render::Renderer;

/// The dialogues of `persons` one behind the other, in windows of `context`
/// tokens; the last window may be shorter. A dialogue that does not end in its
/// window goes on in the next. `most` windows at most.
///
/// # Errors
/// The tokenizer's.
pub fn pack(
    renderer: &Renderer<'_>,
    persons: &[Person],
    context: usize,
    most: usize,
) -> Result<Vec<Example>> {
    let room = context.saturating_sub(renderer.opening().len()).max(1);
    let mut examples = Vec::new();
    let mut waiting: Vec<i64> = Vec::new();
    let close = |ids: &[i64], examples: &mut Vec<Example>| -> Result<()> {
        let mut window = Window::new(renderer.opening(), renderer.opening().len() + room);
        window.push(ids);
        let document = window.document(DocumentKind::Plain);
        if document.ids.len() > 1 {
            let id = format!("plain-{}", examples.len());
            examples.push(document.example(id)?);
        }
        Ok(())
    };
    for session in persons.iter().flat_map(|person| &person.sessions) {
        waiting.extend(renderer.tokens(&session.messages)?);
        while waiting.len() >= room {
            if examples.len() >= most {
                return Ok(examples);
            }
            let rest = waiting.split_off(room);
            close(&waiting, &mut examples)?;
            waiting = rest;
        }
    }
    if examples.len() < most {
        close(&waiting, &mut examples)?;
    }
    Ok(examples)
}
