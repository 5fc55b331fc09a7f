//! The nodes: one shell for each shape of operator.

mod collection;
mod delay;
mod integral;
mod join;
mod set_operation;
mod source;
mod stateless;
mod unary;

pub(crate) use collection::{DifferentiateNode, LiftNode};
pub(crate) use delay::{DelayEmitNode, DelayTakeNode};
pub(crate) use integral::IntegralNode;
pub(crate) use join::{Arranged, JoinNode, SemijoinNode};
pub(crate) use set_operation::SetOperationNode;
pub(crate) use source::SourceNode;
pub(crate) use stateless::StatelessNode;
pub(crate) use unary::UnaryNode;
