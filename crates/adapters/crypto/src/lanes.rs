//! A queue that sources share fairly.

use std::collections::{HashMap, VecDeque};

/// The source of a job, with its class.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Turn {
    /// A source that has proved itself. It is served before all others, which make room for it.
    First(String),
    /// A source that has not proved itself. Such sources take turns.
    Fair(String),
}

/// The jobs that wait, by source. Sources take turns, so that one with many jobs delays the others by one job at most;
/// those of [`Turn::First`] come first.
pub(crate) struct Lanes<J> {
    first: Class<J>,
    fair: Class<J>,
}

struct Class<J> {
    turns: VecDeque<String>,
    jobs: HashMap<String, VecDeque<J>>,
    len: usize,
}

impl<J> Default for Lanes<J> {
    fn default() -> Self {
        Self {
            first: Class::default(),
            fair: Class::default(),
        }
    }
}

impl<J> Default for Class<J> {
    fn default() -> Self {
        Self {
            turns: VecDeque::new(),
            jobs: HashMap::new(),
            len: 0,
        }
    }
}

impl<J> Lanes<J> {
    pub(crate) const fn len(&self) -> usize {
        self.first.len + self.fair.len
    }

    pub(crate) fn push(&mut self, turn: Turn, job: J) {
        match turn {
            Turn::First(source) => self.first.push(source, job),
            Turn::Fair(source) => self.fair.push(source, job),
        }
    }

    /// Takes a job of the proved sources first, then of the others.
    pub(crate) fn pop(&mut self) -> Option<J> {
        self.first.pop().or_else(|| self.fair.pop())
    }

    /// Takes out the job that gives way to one of `turn`: the newest of the source with the most jobs, if that has at
    /// least two more than this source. [`Turn::First`] displaces any job of [`Turn::Fair`].
    pub(crate) fn make_room(&mut self, turn: &Turn) -> Option<J> {
        match turn {
            Turn::First(source) => self
                .fair
                .take_longest(1)
                .or_else(|| self.first.take_longest(self.first.len_of(source) + 2)),
            Turn::Fair(source) => self.fair.take_longest(self.fair.len_of(source) + 2),
        }
    }
}

impl<J> Class<J> {
    fn len_of(&self, source: &str) -> usize {
        self.jobs.get(source).map_or(0, VecDeque::len)
    }

    fn push(&mut self, source: String, job: J) {
        let jobs = self.jobs.entry(source.clone()).or_default();
        if jobs.is_empty() {
            self.turns.push_back(source);
        }
        jobs.push_back(job);
        self.len += 1;
    }

    fn pop(&mut self) -> Option<J> {
        let source = self.turns.pop_front()?;
        let jobs = self.jobs.get_mut(&source)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.jobs.remove(&source);
        } else {
            self.turns.push_back(source);
        }
        self.len -= usize::from(job.is_some());
        job
    }

    /// Takes the newest job of the source with the most, if those are at least `least`.
    fn take_longest(&mut self, least: usize) -> Option<J> {
        let longest = self.jobs.iter().max_by_key(|(_, jobs)| jobs.len());
        let (source, _) = longest.filter(|(_, jobs)| jobs.len() >= least)?;
        let source = source.clone();
        let jobs = self.jobs.get_mut(&source)?;
        let job = jobs.pop_back();
        if jobs.is_empty() {
            self.jobs.remove(&source);
            self.turns.retain(|turn| *turn != source);
        }
        self.len -= usize::from(job.is_some());
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fair(source: &str) -> Turn {
        Turn::Fair(source.to_owned())
    }

    fn first(source: &str) -> Turn {
        Turn::First(source.to_owned())
    }

    fn drain(lanes: &mut Lanes<u32>) -> Vec<u32> {
        std::iter::from_fn(|| lanes.pop()).collect()
    }

    #[test]
    fn sources_take_turns_and_proven_ones_come_first() {
        let mut lanes = Lanes::default();
        for (turn, job) in [
            (fair("a"), 1),
            (fair("a"), 2),
            (fair("a"), 3),
            (fair("b"), 4),
            (first("ada"), 5),
        ] {
            lanes.push(turn, job);
        }
        assert_eq!(lanes.len(), 5);
        assert_eq!(drain(&mut lanes), [5, 1, 4, 2, 3]);
        assert_eq!(lanes.len(), 0);
    }

    #[test]
    fn the_longest_source_gives_way_to_a_shorter_one_only() {
        let mut lanes = Lanes::default();
        for job in 1..=3 {
            lanes.push(fair("a"), job);
        }
        assert_eq!(lanes.make_room(&fair("a")), None, "never to itself");
        assert_eq!(lanes.make_room(&fair("b")), Some(3), "the newest");
        lanes.push(fair("b"), 4);
        assert_eq!(lanes.make_room(&fair("b")), None, "one more is no reason");
        assert_eq!(lanes.make_room(&fair("c")), Some(2));
        lanes.push(fair("c"), 5);
        assert_eq!(lanes.make_room(&fair("d")), None, "each has one");
        assert_eq!(drain(&mut lanes), [1, 4, 5]);
    }

    #[test]
    fn strangers_make_room_for_a_proven_source_and_never_the_other_way_round() {
        let mut lanes = Lanes::default();
        lanes.push(fair("a"), 1);
        lanes.push(first("ada"), 2);
        assert_eq!(lanes.make_room(&first("bob")), Some(1));
        assert_eq!(lanes.make_room(&first("bob")), None);
        assert_eq!(lanes.make_room(&fair("a")), None);
        lanes.push(first("ada"), 3);
        assert_eq!(lanes.make_room(&first("bob")), Some(3));
        assert_eq!(drain(&mut lanes), [2]);
    }
}
