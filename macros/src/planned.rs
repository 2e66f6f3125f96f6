//! Arguments that are reserved for a later version. Their syntax is validated, and then they are rejected.

use crate::arg::Arg;
use crate::errors::Errors;
use crate::fields::{FieldGroup, field};
use crate::list::list;

/// `inputs(query, ?filter)`
pub(crate) fn inputs(arg: &Arg<'_>, errors: &mut Errors) -> syn::Result<()> {
    arg.group("inputs(query)", |group| {
        list(group, errors, |input, _| {
            field(input, FieldGroup::Context).map(drop)
        });
        Ok(())
    })
}

/// `output`
pub(crate) fn output(arg: &Arg<'_>, _: &mut Errors) -> syn::Result<()> {
    if arg.is_bare() {
        return Ok(());
    }
    Err(arg.error("takes no value", "output"))
}
