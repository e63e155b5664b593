//! Points at what does not exist, in every way there is.
#![cfg(target_arch = "wasm32")]

use plimsoll_hostile_guests::judge::{Assignment, Edit, Fix, Place, Pointer, Range, Related, Violation};
use plimsoll_hostile_guests::{guest, violation};

guest!(
    "places-that-do-not-exist",
    check: |_, _| {
        let pointer = |object, path: &str| Place::Pointer(Pointer { object, path: path.to_owned() });
        let places = [
            Place::Node(u32::MAX),
            Place::Key(u32::MAX),
            Place::Key(0),
            pointer(0, "/metadata/none/0/deeper"),
            pointer(0, "no slash"),
            pointer(0, "/~2"),
            pointer(u32::MAX, ""),
        ];
        Ok(places
            .into_iter()
            .enumerate()
            .map(|(number, at)| Violation {
                within: Some(Range { start: u32::MAX, end: number as u32 }),
                related: vec![Related { at: Place::Node(u32::MAX - 1), message: "nowhere".to_owned() }],
                fix: Some(Fix {
                    title: "Change nothing".to_owned(),
                    safe: true,
                    edits: vec![Edit::Set(Assignment { at: Place::Node(u32::MAX), value: "{".to_owned() })],
                }),
                at,
                ..violation(&format!("nowhere {number}"))
            })
            .collect())
    }
);
