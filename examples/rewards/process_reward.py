# A reward in a process beside the training, which starts and ends it, for stories-process-grpo.yaml.
import json, sys

def reward(prompts, completions, **columns):  # as a reward function of TRL
    return [sum(word in text for word in ("happy", "smile", "laugh", "love", "play")) / 5 for text in completions]

for line in sys.stdin:
    print(json.dumps(reward(**json.loads(line))), flush=True)
