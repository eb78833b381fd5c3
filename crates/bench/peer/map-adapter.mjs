// Keeps node-oidc-provider's artefacts in maps of this process, without a bound: its own adapter forgets all but a thousand.

/** A class of adapters that share these maps. */
export function mapAdapter() {
  const kept = new Map();
  const grants = new Map();
  const others = new Map();
  const alive = (key) => {
    const found = kept.get(key);
    if (found && found.until && found.until < Date.now()) {
      kept.delete(key);
      return undefined;
    }
    return found?.payload;
  };

  return class MapAdapter {
    constructor(model) {
      this.model = model;
    }

    key(id) {
      return `${this.model}:${id}`;
    }

    async upsert(id, payload, expiresIn) {
      const key = this.key(id);
      kept.set(key, { payload, until: expiresIn ? Date.now() + expiresIn * 1000 : 0 });
      if (payload.grantId && this.model !== "Grant") {
        const members = grants.get(payload.grantId);
        if (members) members.push(key);
        else grants.set(payload.grantId, [key]);
      }
      if (payload.uid) others.set(`uid:${payload.uid}`, id);
      if (payload.userCode) others.set(`userCode:${payload.userCode}`, id);
    }

    async find(id) {
      return alive(this.key(id));
    }

    async findByUid(uid) {
      return this.find(others.get(`uid:${uid}`));
    }

    async findByUserCode(userCode) {
      return this.find(others.get(`userCode:${userCode}`));
    }

    async consume(id) {
      const payload = alive(this.key(id));
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    }

    async destroy(id) {
      kept.delete(this.key(id));
    }

    async revokeByGrantId(grantId) {
      for (const key of grants.get(grantId) ?? []) kept.delete(key);
      grants.delete(grantId);
    }
  };
}
