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
    near: Vec<&'static CallsiteInfo>,
    /// The number of calls between the nearest and the outermost.
    left_out: usize,
    /// The last of them is the root.
    pub(crate) outermost: Option<Outermost>,
}

/// The outermost calls of a path that is too long for the nearest alone.
pub(crate) type Outermost = Arc<[&'static CallsiteInfo]>;

impl CallPath {
    /// Returns the path with these calls, from the failed one up to the root.
    pub(crate) fn new(mut calls: impl Iterator<Item = &'static CallsiteInfo>) -> Self {
        let near = calls.by_ref().take(MAX_STEPS).collect();
        let (mut outermost, mut left_out) = (VecDeque::new(), 0);
        for call in calls {
            outermost.push_back(call);
            if outermost.len() > MAX_STEPS {
                outermost.pop_front();
                left_out += 1;
            }
        }
        Self {
            near,
            left_out,
            outermost: (!outermost.is_empty()).then(|| outermost.into_iter().collect()),
        }
    }

    /// Returns the path of a call that has this number of calls from it up to the root, itself included, the first of
    /// which `calls` returns. `below` is the end of the path of a call inside it.
    pub(crate) fn above(
        below: Option<&Outermost>,
        length: usize,
        calls: impl Iterator<Item = &'static CallsiteInfo>,
    ) -> Self {
        let near: Vec<_> = calls.take(MAX_STEPS).collect();
        let rest = length.saturating_sub(near.len());
        let known = below.map_or(&[] as &[_], |calls| calls);
        let outermost = match rest.checked_sub(known.len()) {
            Some(_) => below.cloned(),
            None => known.get(known.len() - rest..).map(Into::into),
        };
        let outermost = outermost.filter(|calls| !calls.is_empty());
        let left_out = rest - outermost.as_deref().map_or(0, <[_]>::len);
        Self {
            near,
            left_out,
            outermost,
        }
    }

    /// Returns the number of calls, with those left out.
    pub(crate) fn len(&self) -> usize {
        self.near.len() + self.left_out + self.outermost.as_deref().map_or(0, <[_]>::len)
    }

    /// Returns a line for each call, from the root to the failed one, and one for those left out.
    pub(crate) fn lines(&self) -> impl Iterator<Item = String> + '_ {
        let outermost = self.outermost.iter().flat_map(|calls| calls.iter().rev());
        let left_out = (self.left_out > 0).then(|| format!("({} calls left out)", self.left_out));
        let near = self.near.iter().rev();
        let shown = |call: &&'static CallsiteInfo| call.to_string();
        outermost.map(shown).chain(left_out).chain(near.map(shown))
    }
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
                    let found = CallPath::above(above.outermost.as_ref(), length, up());
                    assert_eq!(lines(&found), lines(&walked), "{length} below {below}");
                }
                chained = CallPath::above(chained.outermost.as_ref(), length, up());
            }
        }
    }
}
