//! Where an object is deployed to, asked for when it matters.

use plimsoll_sdk::{Bundle, Object};

/// Whether an object is deployed to development or test only.
#[must_use]
pub fn is_dev<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> bool {
    bundle.stage(object).stage.is_dev()
}

/// Whether users surely see what an object deploys.
#[must_use]
pub fn is_prod<'t>(bundle: &Bundle<'t>, object: Object<'t>) -> bool {
    let staged = bundle.stage(object);
    staged.stage.is_prod() && staged.sure
}
