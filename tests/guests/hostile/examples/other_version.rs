//! Speaks a version of the contract that does not exist yet.
#![cfg(target_arch = "wasm32")]
#![allow(missing_docs, unsafe_code, reason = "generated")]

wit_bindgen::generate!({
    inline: "
        package plimsoll:policy@0.2.0;
        interface bundle { tree: func() -> list<u32>; }
        interface judge { check: func() -> list<u32>; }
        world policy { import bundle; export judge; }
    ",
});

struct Component;

impl exports::plimsoll::policy0_2_0::judge::Guest for Component {
    fn check() -> Vec<u32> {
        plimsoll::policy0_2_0::bundle::tree()
    }
}

export!(Component);
