//! Each hostile policy has a named outcome, and the others still judge.

use std::time::Instant;

use plimsoll_core::policy::Place;
use plimsoll_test_guests as guests;

use super::*;

/// What a policy's outcome is called: `ok`, or the failure's kind.
fn outcome(component: &[u8]) -> &'static str {
    match judge(component, "") {
        Ok(_) => "ok",
        Err(failure) => failure.kind(),
    }
}

#[test]
fn every_policy_has_its_outcome() {
    let expected = [
        ("asks_for_a_clock", "import"),
        ("catastrophic_pattern", "ok"),
        ("deep_recursion", "stack"),
        ("endless_loop", "fuel"),
        ("endless_policies", "answer"),
        ("escapes_in_texts", "ok"),
        ("flood", "ok"),
        ("giant_answer", "answer"),
        ("harmless", "ok"),
        ("memory_bomb", "memory"),
        ("million_violations", "memory"),
        ("other_version", "version"),
        ("panics", "trap"),
        ("places_that_do_not_exist", "ok"),
        ("refuses", "refused"),
        ("remote_schema", "answer"),
        ("rule_not_asked_for", "answer"),
        ("three_policies", "ok"),
        ("tree_loop", "fuel"),
        ("unreadable_name", "answer"),
    ];
    let found: Vec<(&str, &str)> = guests::ALL
        .iter()
        .map(|(name, component)| (*name, outcome(component)))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn the_others_still_judge() {
    let before = judge(guests::HARMLESS, "").expect("violations");
    for component in [
        guests::PANICS,
        guests::MEMORY_BOMB,
        guests::DEEP_RECURSION,
        guests::GIANT_ANSWER,
    ] {
        assert!(judge(component, "").is_err());
        assert_eq!(judge(guests::HARMLESS, ""), Ok(before.clone()));
    }
}

#[test]
fn a_policy_that_failed_judges_the_next_bundle_afresh() {
    let policy = load(guests::PANICS).expect("a policy");
    for _ in 0..100 {
        assert_eq!(policy.check(&bundle(), &[0], "").expect_err("a failure").kind(), "trap");
    }
    assert_eq!(policy.explain(0), Ok("# Some rule".to_owned()));
}

#[test]
fn failures_name_their_limits() {
    let fuel = |bundle: &Bundle| 100_000_000 + 4_000 * bundle.words.len() as u64;
    assert_eq!(
        judge(guests::ENDLESS_LOOP, ""),
        Err(EvaluationFailure::Fuel(fuel(&bundle())))
    );
    let memory = |bundle: &Bundle| (64 << 20) + 16 * bundle.words.len() as u64;
    assert_eq!(
        judge(guests::MEMORY_BOMB, ""),
        Err(EvaluationFailure::Memory(memory(&bundle())))
    );
}

#[test]
fn the_deadline_stops_what_fuel_does_not() {
    let engine = start(
        Limits {
            fuel: u64::MAX,
            deadline: Duration::from_millis(40),
            ..Limits::default()
        },
        Allocation::Auto,
    );
    for component in [guests::ENDLESS_LOOP, guests::TREE_LOOP] {
        let policy = load_with(&engine, component, None).expect("a policy");
        let started = Instant::now();
        assert_eq!(policy.check(&bundle(), &[0], ""), Err(EvaluationFailure::Deadline(40)));
        assert!(started.elapsed() >= Duration::from_millis(40));
    }
}

#[test]
fn every_allocation_holds_the_limits() {
    for allocation in [Allocation::Pooling, Allocation::OnDemand, Allocation::Small] {
        let engine = start(limits(), allocation);
        for (component, kind) in [
            (guests::ENDLESS_LOOP, "fuel"),
            (guests::MEMORY_BOMB, "memory"),
            (guests::DEEP_RECURSION, "stack"),
            (guests::PANICS, "trap"),
        ] {
            let policy = load_with(&engine, component, None).expect("a policy");
            let failure = policy.check(&bundle(), &[0], "").expect_err("a failure");
            assert_eq!(failure.kind(), kind, "{allocation:?}");
        }
        let policy = load_with(&engine, guests::HARMLESS, None).expect("a policy");
        assert_eq!(
            policy.check(&bundle(), &[0], "").map(|found| found.len()),
            Ok(3),
            "{allocation:?}"
        );
    }
}

#[test]
fn a_deep_recursion_ends_on_the_least_stack() {
    let policy = load(guests::DEEP_RECURSION).expect("a policy");
    let failure = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(plimsoll_engine::GUEST_STACK)
            .spawn_scoped(scope, || policy.check(&bundle(), &[0], ""))
            .expect("a thread")
            .join()
            .expect("no panic")
    });
    assert_eq!(failure, Err(EvaluationFailure::Stack));
}

#[test]
fn more_calls_than_instances_wait_for_each_other() {
    let policy = load(guests::HARMLESS).expect("a policy");
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..20 {
                    assert_eq!(policy.check(&bundle(), &[0], "").map(|found| found.len()), Ok(3));
                }
            });
        }
    });
}

#[test]
fn texts_of_a_description_are_cleaned() {
    let policy = load(guests::ESCAPES_IN_TEXTS).expect("a policy");
    let description = policy.description();
    let page = policy.explain(0).expect("a page");
    let refusal = policy.check(&bundle(), &[0], "{}").expect_err("a refusal").to_string();
    for text in [
        &description.summary,
        &description.version,
        &description.rules[0].title,
        &page,
        &refusal,
    ] {
        assert!(text.contains("owned") && text.contains("forged"), "{text:?}");
        assert!(
            !text.contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200b}', '\r']),
            "{text:?}"
        );
    }
    assert!(!description.summary.contains('\n'));
}

#[test]
fn places_cross_as_they_are() {
    let places: Vec<Place> = judge(guests::PLACES_THAT_DO_NOT_EXIST, "")
        .expect("violations")
        .into_iter()
        .map(|violation| violation.at)
        .collect();
    assert_eq!(places[0], Place::Node(u32::MAX));
    assert_eq!(
        places[6],
        Place::Pointer {
            object: u32::MAX,
            path: String::new()
        }
    );
}

#[test]
fn settings_are_checked_before_the_policy_sees_them() {
    assert!(judge(guests::HARMLESS, r#"{"mode": "wanted"}"#).is_ok());
    assert_eq!(
        judge(guests::HARMLESS, r#"{"mode": "unwanted"}"#),
        Err(EvaluationFailure::Refused("these settings are unwanted".to_owned()))
    );
    for wrong in [r#"{"mode": "other"}"#, r#"{"more": 1}"#, "[]", "{", "null"] {
        assert_eq!(
            judge(guests::HARMLESS, wrong).expect_err("a failure").kind(),
            "settings",
            "{wrong}"
        );
    }
    // A policy without a schema takes none.
    assert_eq!(judge(guests::REFUSES, "{}").expect_err("a failure").kind(), "settings");
}

#[test]
fn a_catastrophic_pattern_takes_linear_time() {
    let settings = format!(r#"{{"name": "{}"}}"#, "a".repeat(50_000));
    let failure = judge(guests::CATASTROPHIC_PATTERN, &settings).expect_err("no match");
    assert_eq!(failure.kind(), "settings");
    assert!(failure.to_string().len() < 500);
}

#[test]
fn refusals_say_what_was_asked_for() {
    let failure = |component| load(component).err().expect("a refusal");
    assert_eq!(
        failure(guests::ASKS_FOR_A_CLOCK),
        EvaluationFailure::Import("wasi:clocks/monotonic-clock@0.2.0".to_owned())
    );
    assert_eq!(
        failure(guests::OTHER_VERSION),
        EvaluationFailure::Version("plimsoll:policy/bundle@0.2.0".to_owned())
    );
    assert!(failure(guests::REMOTE_SCHEMA).to_string().contains("$ref"));
}

#[test]
fn what_is_no_component_is_refused() {
    let module = [0, b'a', b's', b'm', 1, 0, 0, 0];
    let torn = guests::HARMLESS.get(..guests::HARMLESS.len() / 2).expect("half");
    let empty = [0, b'a', b's', b'm', 0x0d, 0, 1, 0];
    for bytes in [
        &[][..],
        b"text",
        &module,
        torn,
        &empty,
        &vec![0; plimsoll_engine::MAX_COMPONENT + 1],
    ] {
        assert_eq!(load(bytes).err().expect("a refusal").kind(), "load");
    }
    let bare = load(&module).err().expect("a refusal").to_string();
    assert!(bare.contains("does not export"), "{bare}");
    let torn = guests::HARMLESS_MODULE
        .get(..guests::HARMLESS_MODULE.len() / 2)
        .expect("half");
    assert_eq!(load(torn).err().expect("a refusal").kind(), "load");
}

#[test]
fn a_module_is_encoded() {
    assert_eq!(judge(guests::HARMLESS_MODULE, ""), judge(guests::HARMLESS, ""));
}
