//! What the host lends for one call: the functions of `plimsoll:policy/bundle`, and the state that they read.

use std::cell::OnceCell;
use std::sync::Arc;

use plimsoll_tree::{NONE, Role, Tree};
use self_cell::self_cell;
use wasmtime::component::{Linker, LinkerInstance};
use wasmtime::{Engine, StoreContextMut, Trap};

use crate::bindings::plimsoll::policy::bundle;
use crate::limits::Limiter;

self_cell! {
    /// The lent buffer, its header read once.
    struct Lent {
        owner: Arc<Vec<u32>>,
        #[covariant]
        dependent: OptionalTree,
    }
}

type OptionalTree<'a> = Option<Tree<'a>>;

/// The state of one call.
pub(crate) struct State {
    part: u32,
    words: Arc<Vec<u32>>,
    lent: OnceCell<Lent>,
    pub(crate) limiter: Limiter,
}

impl State {
    pub(crate) fn new(part: u32, words: Arc<Vec<u32>>, limiter: Limiter) -> Self {
        State {
            part,
            words,
            lent: OnceCell::new(),
            limiter,
        }
    }

    /// The tree, for those who do not read it themselves. A buffer that is no tree (the host's own fault, so it does not
    /// occur) has no objects.
    fn tree(&self) -> Option<&Tree<'_>> {
        self.lent
            .get_or_init(|| Lent::new(Arc::clone(&self.words), |words| Tree::read(words).ok()))
            .borrow_dependent()
            .as_ref()
    }

    fn about(&self, object: u32) -> Option<bundle::Origin> {
        let tree = self.tree()?;
        let object = tree.object(object)?;
        Some(bundle::Origin {
            role: match object.flags.role() {
                Role::Subject => bundle::Role::Subject,
                Role::Context => bundle::Role::Context,
                Role::Previous => bundle::Role::Previous,
            },
            source: tree.text(object.file).to_owned(),
            owner: (object.owner != NONE).then_some(object.owner),
        })
    }

    fn json(&self, object: u32) -> Option<String> {
        let tree = self.tree()?;
        Some(tree.json(tree.object(object)?.root))
    }

    fn facts(&self) -> String {
        self.tree()
            .and_then(|tree| Some(tree.json(tree.facts()?)))
            .unwrap_or_else(|| "{}".to_owned())
    }

    fn nearest(&self, object: u32, among: &[u32]) -> Vec<bundle::Reach> {
        let Some(tree) = self.tree() else { return Vec::new() };
        tree.nearest(object, among)
            .into_iter()
            .map(|reach| bundle::Reach {
                distance: reach.distance,
                objects: reach.objects,
            })
            .collect()
    }
}

/// A linker that knows the contract's imports and nothing else.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    lend(&mut linker.instance(crate::IMPORT)?)?;
    Ok(linker)
}

fn lend(lent: &mut LinkerInstance<'_, State>) -> wasmtime::Result<()> {
    lent.func_wrap("tree", |mut store: StoreContextMut<'_, State>, (): ()| {
        let words = Arc::clone(&store.data().words);
        charge(&mut store, words.len().saturating_mul(4))?;
        Ok((words,))
    })?;
    lent.func_wrap("part", |store: StoreContextMut<'_, State>, (): ()| {
        Ok((store.data().part,))
    })?;
    lent.func_wrap("len", |store: StoreContextMut<'_, State>, (): ()| {
        Ok((store.data().tree().map_or(0, Tree::objects),))
    })?;
    lent.func_wrap("about", |mut store: StoreContextMut<'_, State>, (object,): (u32,)| {
        let origin = store.data().about(object);
        charge(&mut store, origin.as_ref().map_or(0, |origin| origin.source.len()))?;
        Ok((origin,))
    })?;
    lent.func_wrap("json", |mut store: StoreContextMut<'_, State>, (object,): (u32,)| {
        let json = store.data().json(object);
        charge(&mut store, json.as_ref().map_or(0, String::len))?;
        Ok((json,))
    })?;
    lent.func_wrap("facts", |mut store: StoreContextMut<'_, State>, (): ()| {
        let facts = store.data().facts();
        charge(&mut store, facts.len())?;
        Ok((facts,))
    })?;
    lent.func_wrap(
        "nearest",
        |mut store: StoreContextMut<'_, State>, (object, among): (u32, Vec<u32>)| {
            // What is compared costs too, not only what is found.
            charge(&mut store, among.len().saturating_mul(16))?;
            let reaches = store.data().nearest(object, &among);
            charge(
                &mut store,
                reaches.iter().map(|reach| 12 + 4 * reach.objects.len()).sum(),
            )?;
            Ok((reaches,))
        },
    )
}

/// Takes fuel for bytes handed over, else a loop over `tree()` would run to the deadline.
fn charge(store: &mut StoreContextMut<'_, State>, bytes: usize) -> wasmtime::Result<()> {
    let left = store.get_fuel()?;
    match left.checked_sub(u64::try_from(bytes).unwrap_or(u64::MAX)) {
        Some(left) => store.set_fuel(left),
        None => {
            store.set_fuel(0)?;
            Err(Trap::OutOfFuel.into())
        }
    }
}
