//! What a policy is lent.

use plimsoll_test_guests as guests;

use super::*;

#[test]
fn a_policy_without_a_tree_reader_sees_all_of_the_bundle() {
    let bundle = bundle();
    let tree = bundle.tree();
    let violations = load(guests::HARMLESS)
        .expect("a policy")
        .check(&bundle, &[0], "")
        .expect("violations");
    let messages: Vec<String> = violations.into_iter().map(|violation| violation.message).collect();
    let facts = tree.facts().map_or_else(|| "{}".to_owned(), |node| tree.json(node));
    assert!(facts.contains("1.35"), "{facts}");
    let expected: Vec<String> = (0..tree.objects())
        .map(|index| {
            let object = tree.object(index).expect("an object");
            let all: Vec<u32> = (0..tree.objects()).collect();
            let reached: usize = tree.nearest(index, &all).iter().map(|reach| reach.objects.len()).sum();
            format!(
                "{} with {} bytes reaches {reached} of 3; facts {facts}; tree {}",
                tree.text(object.file),
                tree.json(object.root).len(),
                bundle.words.len()
            )
        })
        .collect();
    assert_eq!(messages, expected);
    assert!(
        messages
            .iter()
            .any(|message| message.starts_with("app/deployment.yaml with "))
    );
}

#[test]
fn the_same_input_gives_the_same_answer() {
    let policy = load(guests::HARMLESS).expect("a policy");
    let first = policy.check(&bundle(), &[0], "");
    for _ in 0..10 {
        assert_eq!(policy.check(&bundle(), &[0], ""), first);
    }
}

#[test]
fn a_description_says_what_the_policy_is() {
    let policy = load(guests::HARMLESS).expect("a policy");
    let description = policy.description();
    assert_eq!(
        (description.name.as_str(), description.version.as_str()),
        ("harmless", "0.1.0")
    );
    assert_eq!(description.rules.len(), 1);
    assert_eq!(description.rules[0].id, "some-rule");
}

fn names(component: &[u8]) -> Result<Vec<String>, EvaluationFailure> {
    let policies = Component::new(engine(), component, None)?.policies()?;
    Ok(policies
        .iter()
        .map(|policy| policy.description().name.clone())
        .collect())
}

#[test]
fn a_component_may_hold_several_policies() {
    let three = ["three-0", "three-1", "three-2"].map(str::to_owned);
    assert_eq!(names(guests::THREE_POLICIES), Ok(three.into()));
    let component = Component::new(engine(), guests::THREE_POLICIES, None).expect("a component");
    for (number, policy) in component.policies().expect("policies").iter().enumerate() {
        let found = policy.check(&bundle(), &[0], "").expect("violations");
        assert_eq!(found[0].message, format!("found by {number}"));
    }
}

#[test]
fn one_that_does_not_ask_which_it_is_is_one() {
    assert_eq!(names(guests::HARMLESS), Ok(vec!["harmless".to_owned()]));
}

#[test]
fn policies_without_end_are_refused() {
    let refused = names(guests::ENDLESS_POLICIES).expect_err("no policies");
    assert_eq!(refused.kind(), "answer");
    assert!(refused.to_string().contains("more than 64"), "{refused}");
}
