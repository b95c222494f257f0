"""Leader-follower programs of any kind, stated in Pyomo."""

from opt_games.leader_follower.api import LeaderFollower
from opt_games.leader_follower.result import LeaderFollowerResult, Proof, Status

__all__ = ["LeaderFollower", "LeaderFollowerResult", "Proof", "Status"]
