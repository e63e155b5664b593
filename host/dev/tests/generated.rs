//! Generated files are up to date, and the generators do what they say.

use std::error::Error;
use std::fs;
use std::path::Path;

use plimsoll_dev::{catalogue, scaffold};

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn the_catalogues_in_the_tree_are_up_to_date() -> Outcome {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert!(!catalogue::policies(&root)?.is_empty(), "no policies found");
    Ok(catalogue::check(&root)?)
}

/// A checkout with one policy that has no rules.
fn checkout(root: &Path) -> Outcome {
    for (name, text) in [
        ("image-tags", "pub struct ImageTags;\nimpl Policy for ImageTags {}\n"),
        ("helpers", "//! No policy: `impl Policy for Helpers {}`\n"),
    ] {
        let src = root.join("policies").join(name).join("src");
        fs::create_dir_all(&src)?;
        fs::write(src.join("lib.rs"), text)?;
    }
    fs::create_dir_all(root.join("policies/all/src"))?;
    Ok(())
}

#[test]
fn a_new_rule_is_a_folder_and_an_entry() -> Outcome {
    let root = tempfile::tempdir()?;
    checkout(root.path())?;
    assert!(catalogue::check(root.path()).is_err(), "there is no catalogue yet");
    scaffold::rule(root.path(), "image-tags", "moving-tag")?;
    scaffold::rule(root.path(), "image-tags", "absent-tag")?;
    catalogue::check(root.path())?;
    let src = root.path().join("policies/image-tags/src");
    let text = fs::read_to_string(src.join("rules.rs"))?;
    let entries: Vec<&str> = text.lines().filter(|line| line.ends_with("::RULE,")).collect();
    assert_eq!(entries, ["    &absent_tag::RULE,", "    &moving_tag::RULE,"]);
    assert!(text.contains("#[path = \"moving_tag/mod.rs\"]\nmod moving_tag;"));
    assert!(text.contains("crate::ImageTags as Policy"));
    let page = fs::read_to_string(src.join("moving_tag/README.md"))?;
    assert!(page.starts_with("# image-tags/moving-tag\n"));
    assert!(!root.path().join("policies/helpers/src/rules.rs").exists());
    let all = fs::read_to_string(root.path().join("policies/all/src/lib.rs"))?;
    assert!(
        all.ends_with("policies!(\n    plimsoll_policy_image_tags::ImageTags,\n);\n"),
        "{all}"
    );

    fs::remove_dir_all(src.join("absent_tag"))?;
    assert!(catalogue::check(root.path()).is_err(), "a folder is gone");
    assert_eq!(catalogue::write(root.path())?, [src.join("rules.rs")]);
    assert_eq!(catalogue::write(root.path())?, [] as [&Path; 0]);
    Ok(())
}

#[test]
fn names_that_cannot_be_are_refused() -> Outcome {
    let root = tempfile::tempdir()?;
    checkout(root.path())?;
    for (policy, rule) in [
        ("image-tags", "Moving-Tag"),
        ("image-tags", "moving_tag"),
        ("image-tags", "../moving"),
        ("image-tags", ""),
        ("helpers", "moving-tag"),
        ("nowhere", "moving-tag"),
    ] {
        assert!(scaffold::rule(root.path(), policy, rule).is_err(), "{policy}/{rule}");
    }
    scaffold::rule(root.path(), "image-tags", "moving-tag")?;
    assert!(
        scaffold::rule(root.path(), "image-tags", "moving-tag").is_err(),
        "it exists"
    );
    Ok(())
}
