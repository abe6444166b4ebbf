//! `tojson` as Python's `json.dumps` writes it: a space behind commas and
//! colons, nothing escaped for HTML.

use minijinja::value::{Kwargs, ValueKind};
use minijinja::{Error, ErrorKind, Value};

/// No template nests deeper; one that does is refused, not followed.
const DEEPEST: usize = 100;

#[derive(Debug)]
struct Style {
    ensure_ascii: bool,
    indent: Option<String>,
    sort_keys: bool,
    item: String,
    key: String,
}

/// `value | tojson(ensure_ascii=, indent=, separators=, sort_keys=)`.
pub(super) fn tojson(value: &Value, options: Kwargs) -> Result<String, Error> {
    let indent = match options.get::<Option<Value>>("indent")? {
        None => None,
        Some(v) if v.is_none() => None,
        Some(v) => match (v.as_str(), usize::try_from(v.clone())) {
            (Some(text), _) => Some(text.to_owned()),
            (None, Ok(width)) if width <= DEEPEST => Some(" ".repeat(width)),
            _ => return Err(wrong(format!("indent is {v}, expected a small number or a text"))),
        },
    };
    let separators = match options.get::<Option<Value>>("separators")?.filter(|v| !v.is_none()) {
        Some(v) => match &v.try_iter()?.map(|s| s.to_string()).collect::<Vec<_>>()[..] {
            [item, key] => (item.clone(), key.clone()),
            _ => return Err(wrong(format!("separators are {v}, expected two"))),
        },
        None if indent.is_some() => (",".to_owned(), ": ".to_owned()),
        None => (", ".to_owned(), ": ".to_owned()),
    };
    let style = Style {
        ensure_ascii: options.get::<Option<bool>>("ensure_ascii")?.unwrap_or(false),
        sort_keys: options.get::<Option<bool>>("sort_keys")?.unwrap_or(false),
        indent,
        item: separators.0,
        key: separators.1,
    };
    options.assert_all_used()?;
    let mut text = String::new();
    style.write(&mut text, value, 0)?;
    Ok(text)
}

fn wrong(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, format!("tojson: {message}"))
}

impl Style {
    fn write(&self, text: &mut String, value: &Value, depth: usize) -> Result<(), Error> {
        if depth > DEEPEST {
            return Err(wrong(format!("nested more than {DEEPEST} deep")));
        }
        match value.kind() {
            ValueKind::None => text.push_str("null"),
            ValueKind::Bool => text.push_str(if value.is_true() { "true" } else { "false" }),
            ValueKind::Number => text.push_str(&value.to_string()),
            ValueKind::String => self.string(text, value.as_str().unwrap_or_default())?,
            ValueKind::Seq | ValueKind::Iterable => {
                let items: Vec<Value> = value.try_iter()?.collect();
                self.list(text, ['[', ']'], items.len(), depth, |text, i| {
                    self.write(text, &items[i], depth + 1)
                })?;
            }
            ValueKind::Map => {
                let mut keys: Vec<Value> = value.try_iter()?.collect();
                if self.sort_keys {
                    keys.sort();
                }
                self.list(text, ['{', '}'], keys.len(), depth, |text, i| {
                    self.string(text, &keys[i].to_string())?;
                    text.push_str(&self.key);
                    self.write(text, &value.get_item(&keys[i])?, depth + 1)
                })?;
            }
            other => return Err(wrong(format!("{other} is no JSON"))),
        }
        Ok(())
    }

    fn list(
        &self,
        text: &mut String,
        [open, close]: [char; 2],
        length: usize,
        depth: usize,
        mut item: impl FnMut(&mut String, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let line = |text: &mut String, depth| {
            if let Some(indent) = &self.indent {
                text.push('\n');
                text.push_str(&indent.repeat(depth));
            }
        };
        text.push(open);
        for i in 0..length {
            if i > 0 {
                text.push_str(&self.item);
            }
            line(text, depth + 1);
            item(text, i)?;
        }
        if length > 0 {
            line(text, depth);
        }
        text.push(close);
        Ok(())
    }

    fn string(&self, text: &mut String, value: &str) -> Result<(), Error> {
        let quoted = serde_json::to_string(value).map_err(|e| wrong(e.to_string()))?;
        if !self.ensure_ascii {
            text.push_str(&quoted);
            return Ok(());
        }
        for letter in quoted.chars() {
            if letter.is_ascii() {
                text.push(letter);
                continue;
            }
            for unit in letter.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        }
        Ok(())
    }
}
