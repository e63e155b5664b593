//! An instance that is used again and again.

use std::sync::Arc;

use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store, StoreContextMut};

wasmtime::component::bindgen!({ path: "wit", world: "policy" });

pub(crate) struct Instance {
    store: Store<Arc<Vec<u32>>>,
    policy: Policy,
}

impl Instance {
    pub(crate) fn new(component: &[u8], part: u32, words: &Arc<Vec<u32>>) -> Self {
        let engine = Engine::new(&super::compile::config()).expect("an engine");
        let component = Component::new(&engine, component).expect("a component");
        let mut linker: Linker<Arc<Vec<u32>>> = Linker::new(&engine);
        linker
            .instance("plimsoll:policy/bundle@0.1.0")
            .and_then(|mut bundle| {
                bundle.func_wrap("tree", |store: StoreContextMut<'_, Arc<Vec<u32>>>, (): ()| {
                    Ok((Arc::clone(store.data()),))
                })?;
                bundle.func_wrap("part", move |_: StoreContextMut<'_, Arc<Vec<u32>>>, (): ()| Ok((part,)))
            })
            .expect("a linker");
        let mut store = Store::new(&engine, Arc::clone(words));
        store.set_epoch_deadline(u64::MAX / 2);
        store.set_fuel(u64::MAX).expect("fuel");
        let policy = Policy::instantiate(&mut store, &component, &linker).expect("an instance");
        Instance { store, policy }
    }

    /// Judges by rule 0; returns how many violations it found.
    pub(crate) fn check(&mut self) -> usize {
        self.store.set_fuel(u64::MAX).expect("fuel");
        self.policy
            .plimsoll_policy_judge()
            .call_check(&mut self.store, &[0], "")
            .expect("an answer")
            .expect("a verdict")
            .len()
    }
}
