//! The grammar of the arguments that have the same meaning as in `tracing::instrument`.

use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Error, Expr, Ident};

use crate::arg::Arg;
use crate::errors::Errors;
use crate::fields::declared_field;
use crate::list::list;
use crate::model::Arguments;

/// `name = "search"`, or a constant
pub(crate) fn name(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    arguments.name = Some(arg.text("name = \"search\"")?);
    Ok(())
}

/// `target = "my_service::search"`, or a constant
pub(crate) fn target(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    arguments.target = Some(arg.text("target = \"my_service::search\"")?);
    Ok(())
}

/// `parent = &span`
pub(crate) fn parent(arguments: &mut Arguments, arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    arguments.parent = Some(arg.value("parent = &span")?.parse()?);
    Ok(())
}

/// `follows_from = causes`
pub(crate) fn follows_from(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let input = arg.value("follows_from = causes")?;
    arguments.follows_from = Some(input.parse()?);
    Ok(())
}

/// `fields(top_k, len = query.len(), ?filter, http.status = Empty, {NAME} = 1)`
pub(crate) fn fields(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    arguments.fields = arg.group("fields(len = query.len())", |group| {
        let mut fields = Vec::new();
        list(group, errors, |input, _| {
            fields.push(declared_field(input)?);
            Ok(())
        });
        Ok(fields)
    })?;
    Ok(())
}

/// `skip(password, body)`
pub(crate) fn skip(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    if !arg.input.peek(syn::token::Paren) {
        let message = "`skip` takes the parameters to leave out: skip(password); to leave out a method of an \
                       annotated `impl` or `trait`, write #[rag_span(skip)] without other arguments";
        return Err(Error::new(arg.key.span(), message));
    }
    arguments.skip = arg.group("skip(password)", |group| {
        let mut names = Vec::new();
        list(group, errors, |input, _| {
            names.push(parameter_name(input)?);
            Ok(())
        });
        Ok(names)
    })?;
    Ok(())
}

fn parameter_name(input: ParseStream<'_>) -> syn::Result<Ident> {
    if !input.peek(Ident::peek_any) {
        return Err(Error::new(
            input.span(),
            "`skip` takes names of parameters: skip(password)",
        ));
    }
    Ident::parse_any(input)
}

/// `skip_all`
pub(crate) fn skip_all(
    arguments: &mut Arguments,
    arg: &Arg<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    if !arg.is_bare() {
        return Err(arg.error("takes no value", "skip_all"));
    }
    arguments.skip_all = true;
    Ok(())
}

impl Arg<'_> {
    /// Reads a string that is known at compile time: a literal or a constant.
    fn text(&self, example: &str) -> syn::Result<Expr> {
        let input = self.value(example)?;
        let value: Expr = input.parse()?;
        match &value {
            Expr::Lit(literal) if !matches!(literal.lit, syn::Lit::Str(_)) => {
                let message = format!("`{}` must be a string or a constant: {example}", self.key);
                Err(Error::new_spanned(value, message))
            }
            _ => Ok(value),
        }
    }
}
