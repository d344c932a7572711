# A reward over HTTP, for stories-http-grpo.yaml: python3 examples/rewards/http_reward.py 8000
import http.server, json, sys

def reward(prompts, completions, **columns):  # as a reward function of TRL
    return [sum(word in text for word in ("happy", "smile", "laugh", "love", "play")) / 5 for text in completions]

class Rewards(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        batch = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(reward(**batch)).encode())

http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Rewards).serve_forever()
