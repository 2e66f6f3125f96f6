//! The forms of the arguments that come with a later build: what is wrong in one is said today, and the rest is refused.

use crate::errors::Errors;
use crate::fields::{List, field};
use crate::list::list;
use crate::place::Place;

/// `inputs(query, ?filter)`
pub(crate) fn values(place: &Place<'_>, errors: &mut Errors) -> syn::Result<()> {
    place.group("inputs(query)", |group| {
        list(group, errors, |input, _| {
            field(input, List::Context).map(drop)
        });
        Ok(())
    })
}

/// `output`
pub(crate) fn word(place: &Place<'_>, _: &mut Errors) -> syn::Result<()> {
    if place.stands_alone() {
        return Ok(());
    }
    Err(place.wants("takes no value", "output"))
}
