//! Reports every subject, by all that the contract lends: what a policy without the SDK can do.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::bundle::{self, Role};
use plimsoll_hostile_guests::judge::{Place, Pointer};
use plimsoll_hostile_guests::{guest, violation};

guest!(
    "harmless",
    check: |_, settings: String| {
        if settings.contains("unwanted") {
            return Err("these settings are unwanted".to_owned());
        }
        let objects: Vec<u32> = (0..bundle::len()).collect();
        let mut violations = Vec::new();
        for &object in &objects {
            let origin = bundle::about(object).ok_or("an object without origin")?;
            if origin.role != Role::Subject {
                continue;
            }
            let reached: usize = bundle::nearest(object, &objects).iter().map(|reach| reach.objects.len()).sum();
            let mut found = violation(&format!(
                "{} with {} bytes reaches {reached} of {}; facts {}; tree {}",
                origin.source,
                bundle::json(object).unwrap_or_default().len(),
                objects.len(),
                bundle::facts(),
                bundle::tree().len(),
            ));
            found.at = Place::Pointer(Pointer { object, path: String::new() });
            violations.push(found);
        }
        match (bundle::about(u32::MAX), bundle::json(u32::MAX)) {
            (None, None) => Ok(violations),
            _ => Err("an object that does not exist was given".to_owned()),
        }
    },
    describe: |mut description: plimsoll_hostile_guests::judge::Description| {
        description.settings_schema =
            r#"{"type": "object", "properties": {"mode": {"enum": ["wanted", "unwanted"]}}, "additionalProperties": false}"#
                .to_owned();
        description
    },
);
