//! The grammar of `err` and `ret`: how a failure is recorded, and the events that `tracing`'s own attribute emits.

use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Error, Ident, LitStr, Token, token};

use crate::errors::Errors;
use crate::list::list;
use crate::model::{Arguments, ErrorTypeBy, Event, Failing, How};
use crate::place::Place;
use crate::suggest;
use crate::values::{judged, level_value, severity};

const ERR: &str = "err, err(Debug), err(level = \"warning\") or err(type = \"timeout\")";
const RET: &str = "ret, ret(Display) or ret(level = \"debug\")";

/// `err`, `err(Debug)`, `err(level = "warning")`, `err(level = |error| ..)`, `err(type = "timeout")`
pub(crate) fn err(
    arguments: &mut Arguments,
    place: &Place<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    let mut failing = Failing {
        span: place.key.span(),
        silent: false,
        event: Event::default(),
        severity: None,
        level_by: None,
        error_type: None,
    };
    options(place, ERR, errors, |key, input| {
        match key.to_string().as_str() {
            "level" => err_level(&mut failing, key, input),
            "type" => {
                failing.error_type = Some(error_type(key, input)?);
                Ok(())
            }
            _ => format(
                &mut failing.event,
                key,
                "err",
                &["Debug", "Display", "level", "type"],
            ),
        }
    })?;
    let says = failing.level_by.is_some() || failing.error_type.is_some();
    failing.silent = says && failing.event.how.is_none() && failing.event.level.is_none();
    arguments.err = Some(failing);
    Ok(())
}

/// `ret`, `ret(Display)`, `ret(level = "debug")`
pub(crate) fn ret(
    arguments: &mut Arguments,
    place: &Place<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    let mut event = Event::default();
    options(place, RET, errors, |key, input| {
        if key == "level" {
            assigned(key, input, "ret(level = \"debug\")")?;
            event.level = Some(level_value(input)?);
            return Ok(());
        }
        format(&mut event, key, "ret", &["Debug", "Display", "level"])
    })?;
    arguments.ret = Some(event);
    Ok(())
}

/// Reads the options in parentheses, if there are any.
fn options(
    place: &Place<'_>,
    forms: &str,
    errors: &mut Errors,
    mut read: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    if place.stands_alone() {
        return Ok(());
    }
    let message = || format!("`{}` has one of these forms: {forms}", place.key);
    if !place.input.peek(token::Paren) {
        return Err(Error::new(place.key.span(), message()));
    }
    let mut seen: Vec<Ident> = Vec::new();
    place.group(forms, |group| {
        list(group, errors, |input, _| {
            if !input.peek(Ident::peek_any) {
                return Err(Error::new(input.span(), message()));
            }
            let key = Ident::parse_any(input)?;
            if seen.contains(&key) {
                let message = format!("`{key}` stands twice in `{}`: keep one", place.key);
                return Err(Error::new(key.span(), message));
            }
            read(&key, input)?;
            seen.push(key);
            Ok(())
        });
        Ok(())
    })
}

fn format(event: &mut Event, key: &Ident, of: &str, known: &[&str]) -> syn::Result<()> {
    let how = match key.to_string().as_str() {
        "Debug" => How::Debug,
        "Display" => How::Display,
        word => {
            let message = suggest::unknown(&format!("`{of}` option"), word, known);
            return Err(Error::new(key.span(), message));
        }
    };
    if event.how.replace(how).is_some() {
        let message = format!("`{of}` prints one way: keep Debug or Display");
        return Err(Error::new(key.span(), message));
    }
    Ok(())
}

fn assigned(key: &Ident, input: ParseStream<'_>, example: &str) -> syn::Result<()> {
    if input.parse::<Option<Token![=]>>()?.is_none() || input.is_empty() {
        let message = format!("`{key}` needs a value: {example}");
        return Err(Error::new(key.span(), message));
    }
    Ok(())
}

fn err_level(failing: &mut Failing, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    let example =
        "err(level = |error| if error.is_retryable() { Level::Warning } else { Level::Error })";
    assigned(key, input, "err(level = \"warning\")")?;
    if input.peek(Token![|]) {
        failing.level_by = Some(judged(input, key, example)?);
        return Ok(());
    }
    if let Some(known) = severity(input)? {
        failing.severity = Some(known.severity);
        failing.event.level = Some(known.level);
    } else {
        failing.event.level = Some(level_value(input)?);
    }
    Ok(())
}

fn error_type(key: &Ident, input: ParseStream<'_>) -> syn::Result<ErrorTypeBy> {
    let example = "err(type = \"timeout\") or err(type = |error| error.kind())";
    assigned(key, input, example)?;
    if input.peek(Token![|]) {
        return judged(input, key, example).map(ErrorTypeBy::Judged);
    }
    if !input.peek(LitStr) {
        let message = format!("an error's type is a string, or told from the error: {example}");
        return Err(Error::new(input.span(), message));
    }
    input.parse().map(ErrorTypeBy::Label)
}
