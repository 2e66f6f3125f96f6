//! The grammar of `err` and `ret`: the level and type of a failure, and the events that `tracing::instrument` emits.

use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Error, Ident, LitStr, Token, token};

use crate::arg::Arg;
use crate::errors::Errors;
use crate::list::list;
use crate::model::{Arguments, ErrOptions, ErrorTypeSource, EventOptions, FieldKind};
use crate::suggest;
use crate::values::{level_value, severity, value_closure};

const ERR: &str = "err, err(Debug), err(level = \"warning\") or err(type = \"timeout\")";
const RET: &str = "ret, ret(Display) or ret(level = \"debug\")";

/// `err`, `err(Debug)`, `err(level = "warning")`, `err(level = |error| ..)`, `err(type = "timeout")`
pub(crate) fn err(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    let mut options = ErrOptions {
        span: arg.key.span(),
        record_only: false,
        event: EventOptions::default(),
        severity: None,
        level_by: None,
        error_type: None,
    };
    read_options(arg, ERR, errors, |key, input| {
        match key.to_string().as_str() {
            "level" => err_level(&mut options, key, input),
            "type" => {
                options.error_type = Some(error_type(key, input)?);
                Ok(())
            }
            _ => event_format(
                &mut options.event,
                key,
                "err",
                &["Debug", "Display", "level", "type"],
            ),
        }
    })?;
    let describes_record = options.level_by.is_some() || options.error_type.is_some();
    options.record_only =
        describes_record && options.event.format.is_none() && options.event.level.is_none();
    arguments.err = Some(options);
    Ok(())
}

/// `ret`, `ret(Display)`, `ret(level = "debug")`
pub(crate) fn ret(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    let mut event = EventOptions::default();
    read_options(arg, RET, errors, |key, input| {
        if key == "level" {
            assigned(key, input, "ret(level = \"debug\")")?;
            event.level = Some(level_value(input)?);
            return Ok(());
        }
        event_format(&mut event, key, "ret", &["Debug", "Display", "level"])
    })?;
    arguments.ret = Some(event);
    Ok(())
}

/// Reads the options in parentheses, if the key has any.
fn read_options(
    arg: &Arg<'_>,
    forms: &str,
    errors: &mut Errors,
    mut read: impl FnMut(&Ident, ParseStream<'_>) -> syn::Result<()>,
) -> syn::Result<()> {
    if arg.is_bare() {
        return Ok(());
    }
    let message = || format!("`{}` must have one of these forms: {forms}", arg.key);
    if !arg.input.peek(token::Paren) {
        return Err(Error::new(arg.key.span(), message()));
    }
    let mut seen: Vec<Ident> = Vec::new();
    arg.group(forms, |group| {
        list(group, errors, |input, _| {
            if !input.peek(Ident::peek_any) {
                return Err(Error::new(input.span(), message()));
            }
            let key = Ident::parse_any(input)?;
            if seen.contains(&key) {
                let message = format!("`{key}` is given twice in `{}`: keep one", arg.key);
                return Err(Error::new(key.span(), message));
            }
            read(&key, input)?;
            seen.push(key);
            Ok(())
        });
        Ok(())
    })
}

fn event_format(
    event: &mut EventOptions,
    key: &Ident,
    argument: &str,
    known: &[&str],
) -> syn::Result<()> {
    let format = match key.to_string().as_str() {
        "Debug" => FieldKind::Debug,
        "Display" => FieldKind::Display,
        word => {
            let message = suggest::unknown(&format!("`{argument}` option"), word, known);
            return Err(Error::new(key.span(), message));
        }
    };
    if event.format.replace(format).is_some() {
        let message = format!("`{argument}` takes one format: keep either Debug or Display");
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

fn err_level(options: &mut ErrOptions, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
    let example =
        "err(level = |error| if error.is_retryable() { Level::Warning } else { Level::Error })";
    assigned(key, input, "err(level = \"warning\")")?;
    if input.peek(Token![|]) {
        options.level_by = Some(value_closure(input, key, example)?);
        return Ok(());
    }
    if let Some(known) = severity(input)? {
        options.severity = Some(known.severity);
        options.event.level = Some(known.level);
    } else {
        options.event.level = Some(level_value(input)?);
    }
    Ok(())
}

fn error_type(key: &Ident, input: ParseStream<'_>) -> syn::Result<ErrorTypeSource> {
    let example = "err(type = \"timeout\") or err(type = |error| error.kind())";
    assigned(key, input, example)?;
    if input.peek(Token![|]) {
        return value_closure(input, key, example).map(ErrorTypeSource::Closure);
    }
    if !input.peek(LitStr) {
        let message = format!("`type` must be a string or a closure of the error: {example}");
        return Err(Error::new(input.span(), message));
    }
    input.parse().map(ErrorTypeSource::Label)
}
