//! The grammar of the arguments that mean what they mean in `tracing::instrument`.

use syn::ext::IdentExt;
use syn::parse::ParseStream;
use syn::{Error, Expr, Ident};

use crate::errors::Errors;
use crate::fields::declared_field;
use crate::list::list;
use crate::model::Arguments;
use crate::place::Place;

/// `name = "search"`, or a constant
pub(crate) fn name(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    arguments.name = Some(place.text("name = \"search\"")?);
    Ok(())
}

/// `target = "my_service::search"`, or a constant
pub(crate) fn target(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    arguments.target = Some(place.text("target = \"my_service::search\"")?);
    Ok(())
}

/// `parent = &span`
pub(crate) fn parent(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    arguments.parent = Some(place.value("parent = &span")?.parse()?);
    Ok(())
}

/// `follows_from = causes`
pub(crate) fn follows_from(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    let input = place.value("follows_from = causes")?;
    arguments.follows_from = Some(input.parse()?);
    Ok(())
}

/// `fields(top_k, len = query.len(), ?filter, http.status = Empty, {NAME} = 1)`
pub(crate) fn fields(
    arguments: &mut Arguments,
    place: &Place<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    arguments.fields = place.group("fields(len = query.len())", |group| {
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
    place: &Place<'_>,
    errors: &mut Errors,
) -> syn::Result<()> {
    if !place.input.peek(syn::token::Paren) {
        let message = "`skip` takes the arguments to leave out: skip(password); with nothing beside it \
                       it leaves out a method of an annotated `impl` or `trait`";
        return Err(Error::new(place.key.span(), message));
    }
    arguments.skip = place.group("skip(password)", |group| {
        let mut names = Vec::new();
        list(group, errors, |input, _| {
            names.push(argument_name(input)?);
            Ok(())
        });
        Ok(names)
    })?;
    Ok(())
}

fn argument_name(input: ParseStream<'_>) -> syn::Result<Ident> {
    if !input.peek(Ident::peek_any) {
        return Err(Error::new(
            input.span(),
            "`skip` takes names of arguments: skip(password)",
        ));
    }
    Ident::parse_any(input)
}

/// `skip_all`
pub(crate) fn skip_all(
    arguments: &mut Arguments,
    place: &Place<'_>,
    _: &mut Errors,
) -> syn::Result<()> {
    if !place.stands_alone() {
        return Err(place.wants("takes no value", "skip_all"));
    }
    arguments.skip_all = true;
    Ok(())
}

impl Place<'_> {
    /// A text that is known at compile time: a string, or a constant.
    fn text(&self, example: &str) -> syn::Result<Expr> {
        let input = self.value(example)?;
        let value: Expr = input.parse()?;
        match &value {
            Expr::Lit(literal) if !matches!(literal.lit, syn::Lit::Str(_)) => {
                let message = format!("`{}` is a string or a constant: {example}", self.key);
                Err(Error::new_spanned(value, message))
            }
            _ => Ok(value),
        }
    }
}
