//! The annotated functions between a failed call and the root of its trace, without those in the middle of a long path.

use std::collections::VecDeque;
use std::sync::Arc;

use super::CallsiteInfo;

/// The maximum number of calls at either end of a path.
pub(crate) const MAX_STEPS: usize = 16;

/// The calls that enclose a failed one, itself included: the nearest, and the outermost.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallPath {
    /// From the failed call up.
    near: Box<[&'static CallsiteInfo]>,
    /// The rest of a path that is longer. It is boxed to keep records small.
    far: Option<Box<Far>>,
}

#[derive(Clone, Debug)]
struct Far {
    /// The number of calls between the nearest and the outermost.
    left_out: usize,
    outermost: Outermost,
}

/// The outermost calls of a path that is too long for the nearest alone; the last of them is the root.
pub(crate) type Outermost = Arc<[&'static CallsiteInfo]>;

impl CallPath {
    /// Returns the path with these calls, from the failed one up to the root.
    pub(crate) fn new(mut calls: impl Iterator<Item = &'static CallsiteInfo>) -> Self {
        let near = nearest(&mut calls);
        let (mut outermost, mut left_out) = (VecDeque::new(), 0);
        for call in calls {
            outermost.push_back(call);
            if outermost.len() > MAX_STEPS {
                outermost.pop_front();
                left_out += 1;
            }
        }
        let is_far = !outermost.is_empty();
        let outermost = || outermost.into_iter().collect();
        let far = is_far.then(|| Far {
            left_out,
            outermost: outermost(),
        });
        Self {
            near,
            far: far.map(Box::new),
        }
    }

    /// Returns the path of a call that has this number of calls from it up to the root, itself included, the first of
    /// which `calls` returns. `below` is the end of the path of a call inside it.
    pub(crate) fn above(
        below: Option<&Outermost>,
        length: usize,
        mut calls: impl Iterator<Item = &'static CallsiteInfo>,
    ) -> Self {
        let near = nearest(&mut calls);
        let rest = length.saturating_sub(near.len());
        let far = below.filter(|_| rest > 0).map(|known| {
            let outermost = match known.len().checked_sub(rest) {
                Some(start) if start > 0 => known.iter().skip(start).copied().collect(),
                _ => Arc::clone(known),
            };
            Far {
                left_out: rest - outermost.len(),
                outermost,
            }
        });
        Self {
            near,
            far: far.map(Box::new),
        }
    }

    /// Returns the number of calls, with those left out.
    pub(crate) fn len(&self) -> usize {
        let far = self.far.as_ref();
        self.near.len() + far.map_or(0, |far| far.left_out + far.outermost.len())
    }

    /// Returns the outermost calls, if the path is too long for the nearest alone.
    pub(crate) fn outermost(&self) -> Option<&Outermost> {
        self.far.as_ref().map(|far| &far.outermost)
    }

    /// Returns a line for each call, from the root to the failed one, and one for those left out.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let far = self.far.iter();
        let outermost = far.clone().flat_map(|far| far.outermost.iter().rev());
        let left_out = far.map(|far| far.left_out).filter(|calls| *calls > 0);
        let left_out = left_out.map(|calls| format!("({calls} calls left out)"));
        let near = self.near.iter().rev();
        let shown = |call: &&'static CallsiteInfo| call.to_string();
        outermost.map(shown).chain(left_out).chain(near.map(shown))
    }
}

/// Returns the first calls, in one allocation of their size.
fn nearest(calls: impl Iterator<Item = &'static CallsiteInfo>) -> Box<[&'static CallsiteInfo]> {
    let mut found = [None; MAX_STEPS];
    let mut count = 0;
    for (slot, call) in found.iter_mut().zip(calls) {
        *slot = Some(call);
        count += 1;
    }
    let mut nearest = Vec::with_capacity(count);
    nearest.extend(found.into_iter().flatten());
    nearest.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Layer;

    fn call(line: u32) -> &'static CallsiteInfo {
        Box::leak(Box::new(CallsiteInfo {
            operation: "f",
            layer: Layer::Data,
            module: "m",
            file: "f.rs",
            line,
        }))
    }

    fn lines(path: &CallPath) -> Vec<String> {
        path.lines().collect()
    }

    #[test]
    fn the_ends_of_a_path_are_kept_and_its_middle_is_counted() {
        let max = u32::try_from(MAX_STEPS).unwrap();
        for length in [1, 2, max, max + 1, 2 * max, 2 * max + 1, 3 * max, 4000] {
            let calls: Vec<_> = (0..length).map(call).collect();
            let path = CallPath::new(calls.iter().rev().copied());
            assert_eq!(path.len(), calls.len());
            let lines = lines(&path);
            let left_out = calls.len().saturating_sub(2 * MAX_STEPS);
            assert_eq!(
                lines.len(),
                calls.len() - left_out + usize::from(left_out > 0)
            );
            assert_eq!(lines.first().unwrap(), "f (f.rs:0)");
            assert_eq!(*lines.last().unwrap(), format!("f (f.rs:{})", length - 1));
            if left_out > 0 {
                assert_eq!(lines[MAX_STEPS], format!("({left_out} calls left out)"));
            }
        }
    }

    #[test]
    fn the_path_above_a_call_is_the_one_that_a_walk_to_the_root_finds() {
        let calls: Vec<_> = (0..200).map(call).collect();
        for below in [1, 17, 33, 40, 200] {
            let inner = CallPath::new(calls[..below].iter().rev().copied());
            let mut chained = inner.clone();
            for length in (1..below).rev() {
                let up = || calls[..length].iter().rev().copied();
                let walked = CallPath::new(up());
                for above in [&inner, &chained] {
                    let found = CallPath::above(above.outermost(), length, up());
                    assert_eq!(lines(&found), lines(&walked), "{length} below {below}");
                }
                chained = CallPath::above(chained.outermost(), length, up());
            }
        }
    }
}
