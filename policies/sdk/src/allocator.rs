//! The guests' allocator: it uses up the memory that a component starts with before it asks for more.
//!
//! A fresh instance of a component costs half as much when it never grows its memory, so components are given some heap
//! to start with, and this allocator cuts it off from the front. Blocks have one of a few sizes (a quarter of a power of two
//! apart); what is given back is kept in one list for each size. Blocks are never joined again: a policy lives for one call.

/// Every block's address and size is a multiple of this, and a free block holds a link.
const GRAIN: usize = 8;
/// Sizes of blocks: 8, 16, 24, 32, then four to each doubling, up to 2 GiB.
const CLASSES: usize = 4 + 4 * 26;
/// Bytes asked for at once when memory runs out.
const CHUNK: usize = 256 << 10;

/// Where a heap gets memory from.
pub(crate) trait Source {
    /// The memory to start with: address and bytes.
    fn first(&mut self) -> (usize, usize);
    /// At least so many bytes more, if there are any: address and bytes. Fresh memory is never handed out twice.
    fn more(&mut self, bytes: usize) -> Option<(usize, usize)>;
}

/// The heap's books. Addresses, not pointers: nothing is read or written here but the links of free blocks.
pub(crate) struct Heap<S> {
    source: S,
    started: bool,
    /// Memory that was never handed out.
    next: usize,
    end: usize,
    /// First free block of each size; 0 for none.
    free: [usize; CLASSES],
}

/// The class of the smallest blocks of at least so many bytes.
fn class_of(bytes: usize) -> Option<usize> {
    let class = if bytes <= 32 {
        bytes.saturating_sub(1) / GRAIN
    } else {
        let last = bytes - 1;
        let power = last.ilog2() as usize;
        4 + (power - 5) * 4 + ((last >> (power - 2)) & 3)
    };
    (class < CLASSES).then_some(class)
}

/// Bytes of a class's blocks.
fn size_of(class: usize) -> usize {
    if class < 4 {
        (class + 1) * GRAIN
    } else {
        (5 + (class - 4) % 4) << (3 + (class - 4) / 4)
    }
}

impl<S: Source> Heap<S> {
    pub(crate) const fn new(source: S) -> Self {
        Heap {
            source,
            started: false,
            next: 0,
            end: 0,
            free: [0; CLASSES],
        }
    }

    /// A block, or 0 where there is no memory left.
    pub(crate) fn allocate(&mut self, bytes: usize, align: usize) -> usize {
        let Some(class) = class_of(bytes) else {
            return 0;
        };
        if align <= GRAIN {
            let block = self.pop(class);
            if block != 0 {
                return block;
            }
        }
        let size = size_of(class);
        if let Some(block) = self.cut(size, align) {
            return block;
        }
        if align <= GRAIN
            && let Some(block) = self.split(class)
        {
            return block;
        }
        if self.grow(size.saturating_add(align)) {
            return self.cut(size, align).unwrap_or(0);
        }
        0
    }

    /// Takes a block back.
    pub(crate) fn release(&mut self, block: usize, bytes: usize) {
        let Some(class) = class_of(bytes) else {
            return;
        };
        if block + size_of(class) == self.next {
            self.next = block;
        } else {
            self.push(class, block);
        }
    }

    /// Gives a block another size where it stands; false where it must move.
    pub(crate) fn resize(&mut self, block: usize, old: usize, new: usize) -> bool {
        let (Some(old), Some(new)) = (class_of(old), class_of(new)) else {
            return false;
        };
        let (old_end, new_end) = (block + size_of(old), block.saturating_add(size_of(new)));
        if old_end == self.next {
            if new_end > self.end && !self.grow_in_place(new_end - self.end) {
                return false;
            }
            self.next = new_end;
            return true;
        }
        if new_end < old_end {
            self.keep(new_end, old_end);
        }
        new_end <= old_end
    }

    /// Cuts a block off the memory that was never handed out.
    fn cut(&mut self, size: usize, align: usize) -> Option<usize> {
        if !self.started {
            self.started = true;
            let (start, bytes) = self.source.first();
            self.take(start, bytes);
        }
        let block = self.next.checked_next_multiple_of(align.max(GRAIN))?;
        let end = block.checked_add(size)?;
        if end > self.end || self.next == 0 {
            return None;
        }
        let gap = self.next;
        self.next = end;
        self.keep(gap, block);
        Some(block)
    }

    /// Cuts a block off the smallest larger one that is free.
    fn split(&mut self, class: usize) -> Option<usize> {
        let larger = (class + 1..CLASSES).find(|&larger| self.free[larger] != 0)?;
        let block = self.pop(larger);
        self.keep(block + size_of(class), block + size_of(larger));
        Some(block)
    }

    /// Asks for at least so many bytes.
    fn grow(&mut self, bytes: usize) -> bool {
        let more = self.source.more(bytes.max(CHUNK)).or_else(|| self.source.more(bytes));
        let Some((start, bytes)) = more else {
            return false;
        };
        if start == self.end {
            self.end = self.end.saturating_add(bytes);
        } else {
            self.keep(self.next, self.end);
            self.take(start, bytes);
        }
        true
    }

    /// Asks for so many bytes right after the end.
    fn grow_in_place(&mut self, bytes: usize) -> bool {
        let (next, end) = (self.next, self.end);
        if !self.grow(bytes) {
            return false;
        }
        // What was got elsewhere serves later blocks.
        self.next == next && self.end >= end + bytes
    }

    fn take(&mut self, start: usize, bytes: usize) {
        self.next = start.next_multiple_of(GRAIN);
        self.end = start.saturating_add(bytes).max(self.next);
    }

    /// Puts what lies between two addresses into the lists, in the largest blocks that fit.
    fn keep(&mut self, mut start: usize, end: usize) {
        while end.saturating_sub(start) >= GRAIN {
            let bytes = end - start;
            let class = match class_of(bytes) {
                Some(class) if size_of(class) <= bytes => class,
                Some(class) => class - 1,
                None => CLASSES - 1,
            };
            self.push(class, start);
            start += size_of(class);
        }
    }

    #[allow(unsafe_code, reason = "a free block holds the link to the next")]
    fn push(&mut self, class: usize, block: usize) {
        // SAFETY: the block was cut off the source's memory, is aligned to and as long as GRAIN at least, and its owner has
        // given it back.
        unsafe { *(block as *mut usize) = self.free[class] };
        self.free[class] = block;
    }

    #[allow(unsafe_code, reason = "a free block holds the link to the next")]
    fn pop(&mut self, class: usize) -> usize {
        let block = self.free[class];
        if block != 0 {
            // SAFETY: `push` wrote the link, and nobody owns a block that is in a list.
            self.free[class] = unsafe { *(block as *const usize) };
        }
        block
    }
}

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "an allocator hands out raw memory")]
mod global {
    use std::alloc::{GlobalAlloc, Layout};
    use std::cell::UnsafeCell;

    use super::{Heap, Source};

    #[cfg(target_feature = "atomics")]
    compile_error!("this allocator is for one thread");

    /// Bytes of a page of wasm memory.
    const PAGE: usize = 64 << 10;

    /// A heap as a global allocator.
    struct SingleThreaded<S>(UnsafeCell<Heap<S>>);

    // SAFETY: there is one thread (checked above), and no function of the heap calls back.
    unsafe impl<S> Sync for SingleThreaded<S> {}

    // SAFETY: blocks are at least as long and aligned as asked for, and in nobody else's hands.
    unsafe impl<S: Source> GlobalAlloc for SingleThreaded<S> {
        unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
            // SAFETY: no other reference to the heap lives, see `Sync`.
            let heap = unsafe { &mut *self.0.get() };
            heap.allocate(layout.size(), layout.align()) as *mut u8
        }

        unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
            // SAFETY: as in `alloc`.
            let heap = unsafe { &mut *self.0.get() };
            heap.release(block as usize, layout.size());
        }

        unsafe fn realloc(&self, block: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
            // SAFETY: as in `alloc`.
            let heap = unsafe { &mut *self.0.get() };
            if heap.resize(block as usize, layout.size(), bytes) {
                return block;
            }
            let new = heap.allocate(bytes, layout.align()) as *mut u8;
            if !new.is_null() {
                // SAFETY: both are as long as what is copied, and the new one overlaps nothing that is owned.
                unsafe { std::ptr::copy_nonoverlapping(block, new, layout.size().min(bytes)) };
                heap.release(block as usize, layout.size());
            }
            new
        }
    }

    /// The component's linear memory.
    struct Linear;

    impl Source for Linear {
        fn first(&mut self) -> (usize, usize) {
            unsafe extern "C" {
                // The linker's: the first byte after stack and data.
                static __heap_base: u8;
            }
            let base = &raw const __heap_base as usize;
            (base, (core::arch::wasm32::memory_size(0) * PAGE).saturating_sub(base))
        }

        fn more(&mut self, bytes: usize) -> Option<(usize, usize)> {
            let pages = bytes.div_ceil(PAGE);
            let before = core::arch::wasm32::memory_grow(0, pages);
            (before != usize::MAX).then(|| (before * PAGE, pages * PAGE))
        }
    }

    #[global_allocator]
    static ALLOCATOR: SingleThreaded<Linear> = SingleThreaded(UnsafeCell::new(Heap::new(Linear)));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory in pieces of its own, contiguous or not, up to a limit.
    struct Pieces {
        memory: Vec<u64>,
        used: usize,
        gap: usize,
        first: usize,
    }

    impl Pieces {
        fn new(bytes: usize, first: usize, gap: usize) -> Self {
            Pieces {
                memory: vec![0; bytes / 8],
                used: 0,
                gap,
                first,
            }
        }

        fn piece(&mut self, bytes: usize) -> Option<(usize, usize)> {
            let bytes = bytes.next_multiple_of(64);
            if self.used + bytes > self.memory.len() * 8 {
                return None;
            }
            let start = self.memory.as_mut_ptr() as usize + self.used;
            self.used += bytes + self.gap;
            Some((start, bytes))
        }
    }

    impl Source for Pieces {
        fn first(&mut self) -> (usize, usize) {
            self.piece(self.first).unwrap_or((0, 0))
        }

        fn more(&mut self, bytes: usize) -> Option<(usize, usize)> {
            self.piece(bytes)
        }
    }

    #[test]
    fn classes_are_tight_and_ascending() {
        for class in 1..CLASSES {
            assert!(size_of(class - 1) < size_of(class));
            assert!(size_of(class).is_multiple_of(GRAIN));
        }
        for bytes in 1..100_000 {
            let class = class_of(bytes).expect("small");
            assert!(size_of(class) >= bytes, "{bytes}");
            assert!(class == 0 || size_of(class - 1) < bytes, "{bytes}");
        }
        assert_eq!(size_of(CLASSES - 1), 2 << 30);
        assert_eq!(class_of(2 << 30), Some(CLASSES - 1));
        assert_eq!(class_of((2 << 30) + 1), None);
        assert_eq!(class_of(usize::MAX), None);
    }

    #[test]
    fn the_memory_at_hand_is_used_up_first() {
        let mut heap = Heap::new(Pieces::new(1 << 20, 64 << 10, 0));
        for _ in 0..64 {
            assert_ne!(heap.allocate(1000, 8), 0);
        }
        assert_eq!(heap.source.used, 64 << 10);
        assert_ne!(heap.allocate(1000, 8), 0);
        assert_eq!(heap.source.used, (64 << 10) + CHUNK);
    }

    #[test]
    fn the_last_block_grows_where_it_stands() {
        let mut heap = Heap::new(Pieces::new(4 << 20, 4096, 0));
        let block = heap.allocate(8, 1);
        let mut bytes = 8;
        while bytes < 1 << 20 {
            assert!(heap.resize(block, bytes, bytes * 2), "{bytes}");
            bytes *= 2;
        }
        heap.release(block, bytes);
        assert_eq!(heap.allocate(100, 8), block, "the last block's memory is free again");
    }

    #[test]
    fn what_is_given_back_serves_smaller_blocks() {
        let mut heap = Heap::new(Pieces::new(8192, 8192, 0));
        let large = heap.allocate(4096, 8);
        let last = heap.allocate(4096, 8);
        assert!(large != 0 && last != 0);
        assert_eq!(heap.allocate(8, 8), 0, "used up");
        heap.release(large, 4096);
        let small: Vec<usize> = (0..64).map(|_| heap.allocate(64, 8)).collect();
        assert!(small.iter().all(|&block| (large..large + 4096).contains(&block)));
        assert_eq!(heap.allocate(8, 8), 0, "used up again");
    }

    #[test]
    fn a_shrunk_block_gives_back_its_tail() {
        let mut heap = Heap::new(Pieces::new(8192, 8192, 0));
        let block = heap.allocate(4096, 8);
        assert_ne!(heap.allocate(4096, 8), 0);
        assert!(heap.resize(block, 4096, 1024));
        assert!(!heap.resize(block, 1024, 4096), "its tail may be in other hands");
        assert_eq!(heap.allocate(3072, 8), block + 1024);
    }

    #[test]
    fn what_cannot_be_had_is_refused() {
        let mut heap = Heap::new(Pieces::new(1 << 20, 0, 0));
        assert_eq!(heap.allocate(2 << 20, 8), 0);
        assert_eq!(heap.allocate(usize::MAX, 8), 0);
        assert_eq!(heap.allocate(usize::MAX / 2, 1 << 20), 0);
        assert_ne!(heap.allocate(8, 8), 0);
    }

    /// Blocks in use: address, length, alignment and the byte that fills them.
    struct Owned {
        block: usize,
        bytes: usize,
        fill: u8,
    }

    #[allow(unsafe_code, reason = "the test owns the blocks that it was given")]
    fn fill(owned: &Owned) {
        // SAFETY: the heap gave the block away, and the source's memory is alive.
        unsafe { std::ptr::write_bytes(owned.block as *mut u8, owned.fill, owned.bytes) };
    }

    #[allow(unsafe_code, reason = "the test owns the blocks that it was given")]
    fn is_intact(owned: &Owned, bytes: usize) -> bool {
        // SAFETY: as in `fill`, which wrote them all.
        let content = unsafe { std::slice::from_raw_parts(owned.block as *const u8, bytes) };
        content.iter().all(|&byte| byte == owned.fill)
    }

    /// Any order of calls keeps every block whole, aligned and in one pair of hands.
    #[test]
    fn blocks_never_overlap() {
        for gap in [0, 24] {
            let mut heap = Heap::new(Pieces::new(16 << 20, 10_000, gap));
            let mut owned: Vec<Owned> = Vec::new();
            let mut random = 0x9e37_79b9_7f4a_7c15_u64;
            let mut draw = |below: usize| {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                (random >> 11) as usize % below
            };
            for step in 0..40_000_u32 {
                let magnitude = 1 + draw(13);
                let bytes = 1 + draw(1 << magnitude);
                match draw(5) {
                    0..2 => {
                        let align = 1 << draw(8);
                        let block = heap.allocate(bytes, align);
                        assert_ne!(block, 0);
                        assert!(block.is_multiple_of(align));
                        let new = Owned {
                            block,
                            bytes,
                            fill: (step % 251) as u8,
                        };
                        fill(&new);
                        owned.push(new);
                    }
                    2..4 if !owned.is_empty() => {
                        let position = draw(owned.len());
                        let old = owned.swap_remove(position);
                        assert!(is_intact(&old, old.bytes));
                        heap.release(old.block, old.bytes);
                    }
                    4 if !owned.is_empty() => {
                        let position = draw(owned.len());
                        let held = &mut owned[position];
                        if heap.resize(held.block, held.bytes, bytes) {
                            assert!(is_intact(held, held.bytes.min(bytes)));
                            held.bytes = bytes;
                            fill(held);
                        }
                    }
                    _ => {}
                }
            }
            assert!(owned.iter().all(|held| is_intact(held, held.bytes)));
            owned.sort_by_key(|held| held.block);
            assert!(
                owned
                    .windows(2)
                    .all(|pair| pair[0].block + pair[0].bytes <= pair[1].block)
            );
        }
    }
}
